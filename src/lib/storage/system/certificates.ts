import type { Authority, CertificateRecord } from '../../domain/certificate.ts';
import type { ClaimId, DeviceId, ProjectId } from '../../domain/ids.ts';
import type { CertificateFilter, CertificateStorage } from '../certificate-storage.ts';
import type { SqlValue } from '../commit-log.ts';
import type { ReadDatabase } from './database.ts';
import { createRevocationLists } from './revocation-lists.ts';

interface AuthorityRow {
  readonly project: string;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly certificate: Uint8Array;
  readonly fingerprint: string;
  readonly subject: string;
  readonly key: string | null;
  readonly identity: string;
  readonly claim: string | null;
  readonly proof: string | null;
  readonly valid_from: number;
  readonly valid_to: number;
  readonly created_at: number;
  readonly created_by: string;
}

interface Row {
  readonly project: string;
  readonly fingerprint: string;
  readonly authority: string;
  readonly serial: string;
  readonly kind: string;
  readonly origin: string;
  readonly device: string | null;
  readonly claim: string | null;
  readonly name: string;
  readonly valid_from: number;
  readonly valid_to: number;
  readonly created_at: number;
  readonly created_by: string;
  readonly replaces: string | null;
  readonly revoked_at: number | null;
  readonly revocation_reason: string | null;
  readonly warned_at: number | null;
  readonly below: string | null;
  readonly listed_at: number | null;
}

const AUTHORITIES = 'select * from authorities order by project, created_at, id';
const INSERT_AUTHORITY = `insert into authorities (project, id, kind, state, certificate, fingerprint, subject, key, identity, claim, proof, valid_from, valid_to, created_at, created_by)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_AUTHORITY = 'update authorities set state = ?, key = ?, identity = ?, claim = ?, proof = ? where project = ? and id = ?';
const REMOVE_AUTHORITY = 'delete from authorities where project = ? and id = ?';
const COUNT_LIST = 'update authorities set list_number = list_number + 1 where project = ? and id = ?';
const LIST_NUMBER = 'select list_number from authorities where project = ? and id = ?';

const BY_FINGERPRINT = 'select * from certificates where fingerprint = ?';
const OF_DEVICE = 'select * from certificates where device = ? order by created_at desc, fingerprint';
/** By way of the authorities, as the index goes: a project has few of them, and may have a million certificates. */
const BY_SERIAL = `select * from certificates
  where project = ?1 and authority in (select id from authorities where project = ?1) and serial = ?2 order by authority`;
const REVOKED_OF = 'select * from certificates where project = ? and authority = ? and revoked_at is not null and valid_to > ? order by serial';
const ENDING =
  'select * from certificates where valid_to < ? and valid_to > ? and revoked_at is null and listed_at is null and warned_at is null order by valid_to limit ?';
const OF_AUTHORITY = 'select device, fingerprint from certificates where project = ? and authority = ? and device is not null and revoked_at is null';
const COLUMNS =
  'project, fingerprint, authority, serial, kind, origin, device, claim, name, valid_from, valid_to, created_at, created_by, replaces, revoked_at, revocation_reason, warned_at';
const INSERT = `insert into certificates (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_UNIQUE = `insert into certificates (${COLUMNS}) select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
  where not exists (select 1 from certificates where project = ?1 and authority = ?3 and serial = ?4)`;
// A list that came in the meantime has its say.
const SEE = `insert or ignore into certificates (${COLUMNS}, below, listed_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
  (select revoked_at from listed_serials where project = ? and authority = ? and serial = ?))`;
const REVOKE = 'update certificates set revoked_at = ?, revocation_reason = ? where project = ? and fingerprint = ? and revoked_at is null';
const SUPERSEDE_UNUSED = `${REVOKE} and replaces is not null`;
const SETTLE = 'update certificates set replaces = null where project = ? and fingerprint = ?';
const WARNED = 'update certificates set warned_at = ? where project = ? and fingerprint = ?';
const REMOVE_ENDED = 'delete from certificates where valid_to < ?';
const IS_REVOKED = 'select 1 as found from revoked_serials where project = ? and authority = ? and serial = ?';
const REVOKE_SERIAL = 'insert or ignore into revoked_serials (project, authority, serial, revoked_at) values (?, ?, ?, ?)';

export function createCertificates(database: () => ReadDatabase): CertificateStorage {
  return {
    authorities: {
      all: async () => database().all<AuthorityRow>(AUTHORITIES).map(authorityOf),
      insert: (one) => ({
        sql: INSERT_AUTHORITY,
        parameters: [
          ...[one.project, one.id, one.kind, one.state, one.certificate, one.fingerprint, one.subject, one.key, one.identity, one.claim, one.proof],
          ...[one.validFrom, one.validTo, one.createdAt, one.createdBy],
        ],
      }),
      update: ({ project, id, state, key, identity, claim, proof }) => ({
        sql: UPDATE_AUTHORITY,
        parameters: [state, key, identity, claim, proof, project, id],
        mustChange: true,
      }),
      remove: (project, id) => [{ sql: REMOVE_AUTHORITY, parameters: [project, id], mustChange: true }],
      countList: (project, id) => ({ sql: COUNT_LIST, parameters: [project, id], mustChange: true }),
      listNumber: async (project, id) => database().get<{ list_number: number }>(LIST_NUMBER, project, id)?.list_number ?? 0,
    },
    byFingerprint: async (fingerprint) => database().all<Row>(BY_FINGERPRINT, fingerprint).map(recordOf),
    ofDevice: async (device) => database().all<Row>(OF_DEVICE, device).map(recordOf),
    bySerial: async (project, serial) => database().all<Row>(BY_SERIAL, project, serial).map(recordOf),
    list: async (project, filter, now, after, limit) => {
      const { where, parameters } = conditionsOf(project, filter, now, after);
      return database()
        .all<Row>(`select * from certificates where ${where} order by fingerprint limit ?`, ...parameters, limit)
        .map(recordOf);
    },
    revokedOf: async (project, authority, now) => database().all<Row>(REVOKED_OF, project, authority, now).map(recordOf),
    ending: async (before, now, limit) => database().all<Row>(ENDING, before, now, limit).map(recordOf),
    ofAuthority: async (project, authority) => database().all<{ device: DeviceId; fingerprint: string }>(OF_AUTHORITY, project, authority),
    insert: (certificate) => ({ sql: INSERT, parameters: parametersOf(certificate) }),
    insertUnique: (certificate) => ({ sql: INSERT_UNIQUE, parameters: parametersOf(certificate), mustChange: true }),
    see: (one) => ({ sql: SEE, parameters: [...parametersOf(one), one.below, one.project, one.authority, one.below ?? one.serial] }),
    revoke: (project, fingerprint, at, reason) => ({ sql: REVOKE, parameters: [at, reason, project, fingerprint], mustChange: true }),
    supersede: (project, fingerprint, at) => ({ sql: REVOKE, parameters: [at, 'superseded', project, fingerprint] }),
    supersedeUnused: (project, fingerprint, at) => ({ sql: SUPERSEDE_UNUSED, parameters: [at, 'superseded', project, fingerprint], mustChange: true }),
    settleReplacement: (project, fingerprint) => ({ sql: SETTLE, parameters: [project, fingerprint] }),
    warned: (project, fingerprint, at) => ({ sql: WARNED, parameters: [at, project, fingerprint] }),
    removeEnded: (before) => ({ sql: REMOVE_ENDED, parameters: [before] }),
    serials: {
      revoked: async (project, authority, serial) => database().get(IS_REVOKED, project, authority, serial) !== null,
      revoke: ({ project, authority, serial, revokedAt }) => ({ sql: REVOKE_SERIAL, parameters: [project, authority, serial, revokedAt] }),
    },
    lists: createRevocationLists(database),
  };
}

function conditionsOf(project: ProjectId, filter: CertificateFilter, now: number, after: string | null): { where: string; parameters: SqlValue[] } {
  const conditions = ['project = ?'];
  const parameters: SqlValue[] = [project];
  const add = (condition: string, ...values: readonly SqlValue[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  if (after !== null) add('fingerprint > ?', after);
  if (filter.device !== undefined) add('device = ?', filter.device);
  if (filter.authority !== undefined) add('authority = ?', filter.authority);
  if (filter.kind !== undefined) add('kind = ?', filter.kind);
  if (filter.state === 'valid' || filter.endsBefore !== undefined) add('revoked_at is null and listed_at is null and valid_to > ?', now);
  if (filter.state === 'revoked') add('(revoked_at is not null or listed_at is not null)');
  if (filter.state === 'expired') add('revoked_at is null and listed_at is null and valid_to <= ?', now);
  if (filter.endsBefore !== undefined) add('valid_to < ?', filter.endsBefore);
  return { where: conditions.join(' and '), parameters };
}

function parametersOf(one: CertificateRecord): SqlValue[] {
  return [
    ...[one.project, one.fingerprint, one.authority, one.serial, one.kind, one.origin, one.device, one.claim, one.name],
    ...[one.validFrom, one.validTo, one.createdAt, one.createdBy, one.replaces, one.revokedAt, one.revocationReason, one.warnedAt],
  ];
}

function authorityOf(row: AuthorityRow): Authority {
  return {
    id: row.id,
    project: row.project as ProjectId,
    kind: row.kind === 'own' ? 'own' : 'external',
    // A state that this release does not know lets nobody in.
    state: row.state === 'active' ? 'active' : 'unproven',
    certificate: row.certificate,
    fingerprint: row.fingerprint,
    subject: row.subject,
    key: row.key,
    identity: row.identity,
    claim: row.claim as ClaimId | null,
    proof: row.proof,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}

function recordOf(row: Row): CertificateRecord {
  return {
    project: row.project as ProjectId,
    fingerprint: row.fingerprint,
    authority: row.authority,
    serial: row.serial,
    kind: row.kind === 'device' || row.kind === 'claim' ? row.kind : 'server',
    origin: row.origin === 'issued' ? 'issued' : 'seen',
    device: row.device as DeviceId | null,
    claim: row.claim as ClaimId | null,
    name: row.name,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    createdAt: row.created_at,
    createdBy: row.created_by,
    replaces: row.replaces,
    revokedAt: row.revoked_at,
    revocationReason: row.revocation_reason as CertificateRecord['revocationReason'],
    warnedAt: row.warned_at,
    below: row.below,
    listedAt: row.listed_at,
  };
}
