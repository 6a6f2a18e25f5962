import type { X509Certificate } from 'node:crypto';
import type { ClaimId, DeviceId, ProjectId } from '../domain/ids.ts';

export { KEY_KINDS, type KeyKind } from '../domain/certificate.ts';

/**
 * What a client showed of itself in the TLS handshake. TLS has proven that it holds the key, and nothing more: whose certificate it is, and whether it counts, is for the
 * CertificateChecker to say.
 */
export interface PeerCertificate {
  /** SHA-256 over the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  readonly certificate: X509Certificate;
}

/** Whose certificate is it? */
export type CertificateVerdict =
  | { readonly ok: true; readonly kind: 'device'; readonly project: ProjectId; readonly device: DeviceId; readonly expiresAt: number }
  | {
      readonly ok: true;
      readonly kind: 'claim';
      readonly project: ProjectId;
      readonly claim: ClaimId;
      /** How the certificate names its device, by the identity rule of its authority; null: it is one for a whole batch. */
      readonly name: string | null;
      readonly fingerprint: string;
      readonly expiresAt: number;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** The device that it was made out to, of a certificate that the hub knows: its rejected messages tell of it. */
      readonly device: DeviceId | null;
    };

export interface CertificateChecker {
  /** In memory or one look-up on disk: asked for every connection. Revoked, expired, of an unknown authority, of a device that is gone: refused with the reason. */
  check(peer: PeerCertificate, now: number): Promise<CertificateVerdict>;
}
