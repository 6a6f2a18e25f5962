import type { DeviceId, ProjectId } from '../domain/ids.ts';

/** Keys that certificates of devices may have. */
export const KEY_KINDS = ['p256', 'ed25519'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** What a TLS connection shows of its client, once TLS has checked the chain against the authorities that the hub knows. */
export interface PeerCertificate {
  /** SHA-256 over the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  /** Upper-case hex without leading zeros. */
  readonly serial: string;
  /** Subject key identifiers or fingerprints that lead to its authority: owner's choice, see x509. */
  readonly issuer: string;
  readonly commonName: string | null;
  /** URI and DNS names. */
  readonly alternativeNames: readonly string[];
  readonly validFrom: number;
  readonly validTo: number;
}

/** Whose certificate is it? */
export type CertificateVerdict =
  | { readonly ok: true; readonly project: ProjectId; readonly device: DeviceId; readonly expiresAt: number }
  | { readonly ok: false; readonly reason: string };

export interface CertificateChecker {
  /** In memory or one look-up on disk: asked for every connection. Revoked, expired, of an unknown authority, of a device that is gone: refused with the reason. */
  check(certificate: PeerCertificate, now: number): Promise<CertificateVerdict>;
}
