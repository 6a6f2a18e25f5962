import type { KnownAuthority } from '../certificates/authorities.ts';
import type { IssuedCertificate } from '../certificates/create-certificates.ts';
import { keyName } from '../certificates/keys.ts';
import { toPem } from '../certificates/pem.ts';
import { type ImportedList, isOutdated, numberOf } from '../certificates/revocation-lists.ts';
import type { CertificateRecord, RevocationList } from '../domain/certificate.ts';
import type { Ca, Certificate, CertificateIssued, RevocationListImported } from './schema/certificates.ts';

/** As the API shows it: never with its key. */
export function caView({ authority, publicKey }: KnownAuthority, list: RevocationList | null, now: number): Ca {
  const { id, kind, state, subject, fingerprint, certificate, identity, claim, proof, validFrom, validTo, createdAt, createdBy } = authority;
  const pem = toPem('CERTIFICATE', certificate);
  return {
    ...{ id, kind, state, subject, key: keyName(publicKey), fingerprint, certificate: pem, identity, claim, proof, validFrom, validTo },
    ...{ revocationList: list === null ? null : listView(list, now), createdAt, createdBy },
  };
}

function listView(list: RevocationList, now: number): NonNullable<Ca['revocationList']> {
  const { thisUpdate, nextUpdate, entries, fingerprint, importedAt, importedBy } = list;
  const state = isOutdated(list, now) ? 'outdated' : 'current';
  return { state, number: numberOf(list), thisUpdate, nextUpdate, entries, fingerprint, importedAt, importedBy };
}

export function importedView({ list, repeated, certificates }: ImportedList, now: number): RevocationListImported {
  return { ca: list.authority, ...listView(list, now), repeated, certificates };
}

export function certificateView(record: CertificateRecord, now: number): Certificate {
  const {
    fingerprint,
    serial,
    authority,
    kind,
    origin,
    device,
    claim,
    name,
    validFrom,
    validTo,
    createdAt,
    createdBy,
    replaces,
    revokedAt,
    listedAt,
    revocationReason,
  } = record;
  const state = revokedAt !== null || listedAt !== null ? 'revoked' : validTo <= now ? 'expired' : 'valid';
  return {
    fingerprint,
    serial,
    ca: authority,
    kind,
    origin,
    device,
    claim,
    name,
    state,
    validFrom,
    validTo,
    createdAt,
    createdBy,
    replaces,
    revokedAt,
    listedAt,
    revocationReason,
  };
}

export function issuedView({ record, certificate, authority }: IssuedCertificate, now: number): CertificateIssued {
  return {
    ...certificateView(record, now),
    certificate,
    caCertificate: authority,
    renewAt: Math.round(record.validFrom + ((record.validTo - record.validFrom) * 2) / 3),
  };
}
