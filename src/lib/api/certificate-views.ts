import type { KnownAuthority } from '../certificates/authorities.ts';
import type { IssuedCertificate } from '../certificates/create-certificates.ts';
import { keyName } from '../certificates/keys.ts';
import { toPem } from '../certificates/pem.ts';
import type { CertificateRecord } from '../domain/certificate.ts';
import type { Ca, Certificate, CertificateIssued } from './schema/certificates.ts';

/** As the API shows it: never with its key. */
export function caView({ authority, publicKey }: KnownAuthority): Ca {
  const { id, kind, state, subject, fingerprint, certificate, identity, claim, proof, validFrom, validTo, createdAt, createdBy } = authority;
  const pem = toPem('CERTIFICATE', certificate);
  return { id, kind, state, subject, key: keyName(publicKey), fingerprint, certificate: pem, identity, claim, proof, validFrom, validTo, createdAt, createdBy };
}

export function certificateView(record: CertificateRecord, now: number): Certificate {
  const { fingerprint, serial, authority, kind, origin, device, claim, name, validFrom, validTo, createdAt, createdBy, replaces, revokedAt, revocationReason } =
    record;
  const state = revokedAt !== null ? 'revoked' : validTo <= now ? 'expired' : 'valid';
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
