import type { ClaimId, DeviceId, ProjectId } from './ids.ts';

/** Keys that Muster makes. */
export const KEY_KINDS = ['p256', 'ed25519'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** own: the hub has its key and signs with it. external: somebody else signs; the hub knows its certificate. */
export const AUTHORITY_KINDS = ['own', 'external'] as const;
export type AuthorityKind = (typeof AUTHORITY_KINDS)[number];

/** unproven: registered, but nobody has shown yet that they hold its key; certificates of it are refused. */
export const AUTHORITY_STATES = ['active', 'unproven'] as const;
export type AuthorityState = (typeof AUTHORITY_STATES)[number];

/** A certificate authority of a project: the name is unique in it. Times in ms since 1970. */
export interface Authority {
  readonly id: string;
  readonly project: ProjectId;
  readonly kind: AuthorityKind;
  readonly state: AuthorityState;
  /** DER */
  readonly certificate: Uint8Array;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** RFC 4514 would be a fine form; this is OpenSSL's, one attribute after the other. */
  readonly subject: string;
  /** Its private key, as key-storage.ts writes it; null: it is external. */
  readonly key: string | null;
  /** Where the identity of a device stands in its certificates: see identity.ts. */
  readonly identity: string;
  /** Devices that are not known yet may come with its certificates, by this claim. */
  readonly claim: ClaimId | null;
  /** What a certificate must be made out to in order to prove that one holds its key; null: proven, or own. */
  readonly proof: string | null;
  readonly validFrom: number;
  readonly validTo: number;
  readonly createdAt: number;
  readonly createdBy: string;
}

/** device: of one device. claim: of a batch, see Claim. server: of a hub or another server. */
export const CERTIFICATE_KINDS = ['device', 'claim', 'server'] as const;
export type CertificateKind = (typeof CERTIFICATE_KINDS)[number];

/** issued: by an authority of the hub. seen: by an external one, and shown by its device. */
export type CertificateOrigin = 'issued' | 'seen';

/** RFC 5280 section 5.3.1, those that a person may give and those that the hub does. */
export const REVOCATION_REASONS = [
  'unspecified',
  'key-compromise',
  'affiliation-changed',
  'superseded',
  'cessation-of-operation',
  'privilege-withdrawn',
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** A certificate that the hub knows. Times in ms since 1970. */
export interface CertificateRecord {
  readonly project: ProjectId;
  /** SHA-256 over the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  /** The name of its authority. */
  readonly authority: string;
  /** Upper-case hex, whole bytes. */
  readonly serial: string;
  readonly kind: CertificateKind;
  readonly origin: CertificateOrigin;
  readonly device: DeviceId | null;
  readonly claim: ClaimId | null;
  /** The common name, or the first alternative name. */
  readonly name: string;
  readonly validFrom: number;
  readonly validTo: number;
  readonly createdAt: number;
  readonly createdBy: string;
  /** The fingerprint of the one that it takes the place of, which ends when this one is used first; or `claim:<id>`: its device claimed itself, and has not come with it yet. */
  readonly replaces: string | null;
  readonly revokedAt: number | null;
  readonly revocationReason: RevocationReason | null;
  /** When it was told that it ends soon. */
  readonly warnedAt: number | null;
  /** Of one that its authority did not give itself: the serial of the certificate that it gave, on the way up to it. null: this very one. */
  readonly below: string | null;
  /** Since when the revocation list of its authority names it; null: it does not. */
  readonly listedAt: number | null;
}

/** A revocation list that somebody else's authority published, and that is in force. Times in ms since 1970. */
export interface RevocationList {
  readonly project: ProjectId;
  readonly authority: string;
  /** SHA-256 over the list in DER, lower-case hex. */
  readonly fingerprint: string;
  /** CRL number, lower-case hex of 20 bytes; null: it has none. */
  readonly number: string | null;
  readonly thisUpdate: number;
  /** When the next one was to come: it stays in force after that. null: it does not say. */
  readonly nextUpdate: number | null;
  readonly entries: number;
  readonly importedAt: number;
  readonly importedBy: string;
  /** When it was told that the next one is overdue. */
  readonly warnedAt: number | null;
}
