import type { Authority, CertificateRecord, RevocationList, RevocationReason } from '../domain/certificate.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { Statement } from './commit-log.ts';

/** What a list of certificates is narrowed to. */
export interface CertificateFilter {
  readonly device?: DeviceId | undefined;
  readonly authority?: string | undefined;
  readonly kind?: CertificateRecord['kind'] | undefined;
  /** valid: neither revoked nor ended. */
  readonly state?: 'valid' | 'expired' | 'revoked' | undefined;
  /** Valid ones that end before this. */
  readonly endsBefore?: number | undefined;
}

/** A certificate that must not be accepted though the hub never saw it: of a list that an external authority made. */
export interface RevokedSerial {
  readonly project: ProjectId;
  readonly authority: string;
  readonly serial: string;
  readonly revokedAt: number;
}

/** Authorities, the certificates they gave, and what of it counts no more. Reads answer at once; changes are statements for the commit log. */
export interface CertificateStorage {
  readonly authorities: {
    all(): Promise<readonly Authority[]>;
    insert(authority: Authority): Statement;
    /** State, key, proof, identity and claim. Must change one row. */
    update(authority: Authority): Statement;
    /** With what the hub knows of its certificates. */
    remove(project: ProjectId, id: string): readonly Statement[];
    /** The next number of a revocation list (RFC 5280 section 5.2.3). */
    countList(project: ProjectId, id: string): Statement;
    listNumber(project: ProjectId, id: string): Promise<number>;
  };
  /** One for each project that knows it. */
  byFingerprint(fingerprint: string): Promise<readonly CertificateRecord[]>;
  ofDevice(device: DeviceId): Promise<readonly CertificateRecord[]>;
  bySerial(project: ProjectId, serial: string): Promise<readonly CertificateRecord[]>;
  /** By fingerprint; `after` is the last of the page before. */
  list(project: ProjectId, filter: CertificateFilter, now: number, after: string | null, limit: number): Promise<readonly CertificateRecord[]>;
  /** Those of an authority that were revoked and have not ended. */
  revokedOf(project: ProjectId, authority: string, now: number): Promise<readonly CertificateRecord[]>;
  /** Those in force that end before this and were not told of. */
  ending(before: number, now: number, limit: number): Promise<readonly CertificateRecord[]>;
  /** Certificates of devices that an authority gave and nobody revoked. */
  ofAuthority(project: ProjectId, authority: string): Promise<readonly { readonly device: DeviceId; readonly fingerprint: string }[]>;
  insert(certificate: CertificateRecord): Statement;
  /** Refuses its unit with `stale` when the authority gave this serial before. */
  insertUnique(certificate: CertificateRecord): Statement;
  /** Does nothing when it is known. */
  see(certificate: CertificateRecord): Statement;
  /** Must change one row: one that was revoked before refuses its unit. */
  revoke(project: ProjectId, fingerprint: string, at: number, reason: RevocationReason): Statement;
  /** Changes nothing when it was revoked before. */
  supersede(project: ProjectId, fingerprint: string, at: number): Statement;
  /** Of one that its device has never come with (it still takes the place of another). Must change one row. */
  supersedeUnused(project: ProjectId, fingerprint: string, at: number): Statement;
  /** It was used: what it took the place of does not count any more. */
  settleReplacement(project: ProjectId, fingerprint: string): Statement;
  warned(project: ProjectId, fingerprint: string, at: number): Statement;
  /** Those that ended before this: nobody can come with them. */
  removeEnded(before: number): Statement;
  readonly serials: {
    revoked(project: ProjectId, authority: string, serial: string): Promise<boolean>;
    /** Does nothing when it is revoked already. */
    revoke(serial: RevokedSerial): Statement;
  };
  /** Revocation lists that were imported, one of an authority. */
  readonly lists: {
    all(): Promise<readonly RevocationList[]>;
    /** Does the list of the authority name this serial? */
    names(project: ProjectId, authority: string, serial: string): Promise<boolean>;
    /** In the place of the list with that fingerprint (null: of none), together with what the list says of certificates that are known. Must change one row. */
    replace(list: RevocationList, before: string | null, entries: readonly (readonly [serial: string, revokedAt: number])[]): readonly Statement[];
    /** Known certificates that the list in force names. */
    named(project: ProjectId, authority: string): Promise<readonly { readonly device: DeviceId | null; readonly fingerprint: string }[]>;
    /** Those of devices that were seen below another authority and have a serial that this one's list names. */
    namedElsewhere(
      project: ProjectId,
      authority: string,
      other: string,
    ): Promise<readonly { readonly device: DeviceId | null; readonly fingerprint: string }[]>;
    warned(list: RevocationList, at: number): Statement;
  };
}
