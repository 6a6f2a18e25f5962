import type { DeviceId, ProjectId } from '../../domain/ids.ts';
import type { ReadDatabase } from './database.ts';
import type { CredentialRecord, SystemStore } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly device: string;
  readonly kind: string;
  readonly secret_hash: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly replaces: string | null;
  readonly unused: number;
}

const OF_DEVICE = 'select * from credentials where device = ? order by created_at, id';
const BY_ID = 'select * from credentials where id = ?';
const INSERT = 'insert into credentials (id, project, device, kind, secret_hash, created_at, expires_at, replaces, unused) values (?, ?, ?, ?, ?, ?, ?, ?, ?)';
const REMOVE_OF_DEVICE = 'delete from credentials where device = ?';
const REMOVE = 'delete from credentials where device = ? and id = ?';
const USED = 'update credentials set unused = 0, replaces = null where device = ? and id = ? and unused = 1';
const KEEPS = 'update credentials set id = id where device = ? and id = ?';
const REMOVE_SUCCESSOR = 'delete from credentials where device = ? and replaces = ? and unused = 1';
const REMOVE_UNUSED = 'delete from credentials where device = ? and id = ? and unused = 1';
/** Of a device that renewed its token the old one runs out as it should. */
const EXPIRING = `select * from credentials c where kind <> 'claim' and expires_at is not null and expires_at < ? and warned_at is null
  and not exists (select 1 from credentials n where n.replaces = c.id) order by expires_at limit ?`;
const WARNED = 'update credentials set warned_at = ? where id in (select value from json_each(?))';
/** Nothing else to come with, and never heard: what the database knows of it. */
const UNTOUCHED = `not exists (select 1 from credentials where device = ?1 and kind <> 'claim')
  and not exists (select 1 from certificates where device = ?1 and revoked_at is null)
  and not exists (select 1 from claimed_devices where device = ?1)
  and not exists (select 1 from device_statuses where device = ?1 and last_seen_at is not null)`;
const TAKE_PLACE = `delete from credentials where device = ?1 and id = ?2 and kind = 'claim' and (expires_at is null or expires_at > ?3) and ${UNTOUCHED}`;
const MAY_WAIT = `update devices set id = id where id = ?1 and ${UNTOUCHED} and not exists (select 1 from credentials where device = ?1)`;
const REMOVE_EXPIRED = 'delete from credentials where expires_at < ?';

export function createCredentials(database: () => ReadDatabase): SystemStore['credentials'] {
  return {
    ofDevice: async (device) => database().all<Row>(OF_DEVICE, device).map(credentialOf),
    byId: async (id) => {
      const row = database().get<Row>(BY_ID, id);
      return row === null ? null : credentialOf(row);
    },
    insert: ({ id, project, device, kind, secretHash, createdAt, expiresAt, replaces = null, unused = false }) => ({
      sql: INSERT,
      parameters: [id, project, device, kind, secretHash, createdAt, expiresAt, replaces, unused ? 1 : 0],
    }),
    removeOfDevice: (device) => ({ sql: REMOVE_OF_DEVICE, parameters: [device] }),
    remove: (device, id) => ({ sql: REMOVE, parameters: [device, id], mustChange: true }),
    used: (device, id) => ({ sql: USED, parameters: [device, id], mustChange: true }),
    keeps: (device, id) => ({ sql: KEEPS, parameters: [device, id], mustChange: true }),
    removeSuccessor: (device, id) => ({ sql: REMOVE_SUCCESSOR, parameters: [device, id] }),
    removeUnused: (device, id) => ({ sql: REMOVE_UNUSED, parameters: [device, id], mustChange: true }),
    takePlace: (device, id, now) => ({ sql: TAKE_PLACE, parameters: [device, id, now], mustChange: true }),
    mayWait: (device) => ({ sql: MAY_WAIT, parameters: [device], mustChange: true }),
    expiring: async (before, limit) => database().all<Row>(EXPIRING, before, limit).map(credentialOf),
    warned: (ids, at) => ({ sql: WARNED, parameters: [at, JSON.stringify(ids)] }),
    removeExpired: (before) => ({ sql: REMOVE_EXPIRED, parameters: [before] }),
  };
}

function credentialOf(row: Row): CredentialRecord {
  return {
    id: row.id,
    project: row.project as ProjectId,
    device: row.device as DeviceId,
    kind: row.kind as CredentialRecord['kind'],
    secretHash: row.secret_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    replaces: row.replaces,
    unused: row.unused !== 0,
  };
}
