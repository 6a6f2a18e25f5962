import type { X509Certificate } from 'node:crypto';
import type { Authorities, KnownAuthority } from './authorities.ts';

/** Authorities between a device and one that is registered. More have no use, and each costs a signature to check. */
const BETWEEN_MAX = 3;

export interface CertificatePath {
  readonly root: KnownAuthority;
  /** From the device up. */
  readonly between: readonly X509Certificate[];
}

/**
 * The registered authorities that a certificate goes back to, over those that the client sent along with it. Every signature on the way is right; nothing else is checked. Who sends a long chain is
 * not followed further than to the end of what is allowed.
 */
export function pathTo(authorities: Pick<Authorities, 'bySubject'>, certificate: X509Certificate): readonly CertificatePath[] {
  const between: X509Certificate[] = [];
  for (let one = certificate; ; ) {
    const roots = authorities.bySubject(one.issuer).filter((root) => isIssuedBy(one, root.certificate));
    if (roots.length > 0) return roots.map((root) => ({ root, between }));
    const next = one.issuerCertificate;
    if (next === undefined || between.length >= BETWEEN_MAX || !isIssuedBy(one, next)) return [];
    between.push(next);
    one = next;
  }
}

export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key that OpenSSL does not read, for example.
    return false;
  }
}
