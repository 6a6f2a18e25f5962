import type { Ca, Certificate, RevocationListImported } from '../api/schema/certificates.ts';
import { type Column, timeColumn } from './column.ts';

export const CA_COLUMNS: readonly Column<Ca>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'kind', value: (row) => row.kind },
  { name: 'state', value: (row) => row.state, keep: true },
  { name: 'subject', value: (row) => row.subject, text: (row) => row.subject.replaceAll('\n', ', '), drop: 2 },
  { name: 'key', value: (row) => row.key, drop: 1 },
  { name: 'identity', value: (row) => row.identity, drop: 3 },
  { name: 'claim', value: (row) => row.claim, drop: 4 },
  timeColumn('expires', (row) => row.validTo, { keep: true }),
  { name: 'crl', value: (row) => row.revocationList?.state ?? null, drop: 6 },
  timeColumn('crl-expires', (row) => row.revocationList?.nextUpdate ?? null, { drop: 5 }),
  { name: 'crl-number', value: (row) => row.revocationList?.number ?? null, wide: true },
  { name: 'crl-entries', value: (row) => row.revocationList?.entries ?? null, wide: true },
  timeColumn('valid-from', (row) => row.validFrom, { wide: true }),
  { name: 'proof', value: (row) => row.proof, wide: true },
  { name: 'fingerprint', value: (row) => row.fingerprint, wide: true },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  { name: 'created-by', value: (row) => row.createdBy, wide: true },
];

export const REVOCATION_LIST_COLUMNS: readonly Column<RevocationListImported>[] = [
  { name: 'ca', value: (row) => row.ca },
  { name: 'number', value: (row) => row.number },
  { name: 'state', value: (row) => row.state, keep: true },
  timeColumn('issued', (row) => row.thisUpdate),
  timeColumn('expires', (row) => row.nextUpdate, { keep: true }),
  { name: 'entries', value: (row) => row.entries },
  { name: 'certificates', value: (row) => row.certificates },
  { name: 'repeated', value: (row) => row.repeated },
  { name: 'fingerprint', value: (row) => row.fingerprint, wide: true },
];

export const CERTIFICATE_COLUMNS: readonly Column<Certificate>[] = [
  { name: 'serial', value: (row) => row.serial, whole: true },
  { name: 'name', value: (row) => row.name, keep: true },
  { name: 'kind', value: (row) => row.kind, drop: 3 },
  { name: 'ca', value: (row) => row.ca, drop: 2 },
  { name: 'state', value: (row) => row.state, keep: true },
  timeColumn('expires', (row) => row.validTo, { keep: true }),
  timeColumn('revoked', (row) => row.revokedAt ?? row.listedAt, { drop: 1 }),
  { name: 'reason', value: (row) => row.revocationReason, wide: true },
  { name: 'device', value: (row) => row.device, wide: true },
  { name: 'claim', value: (row) => row.claim, wide: true },
  { name: 'origin', value: (row) => row.origin, wide: true },
  timeColumn('valid-from', (row) => row.validFrom, { wide: true }),
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  { name: 'created-by', value: (row) => row.createdBy, wide: true },
  { name: 'replaces', value: (row) => row.replaces, wide: true },
  { name: 'fingerprint', value: (row) => row.fingerprint, wide: true },
];
