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
}

const OF_DEVICE = 'select * from credentials where device = ? order by created_at, id';
const BY_ID = 'select * from credentials where id = ?';
const INSERT = 'insert into credentials (id, project, device, kind, secret_hash, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?)';
const REMOVE_OF_DEVICE = 'delete from credentials where device = ?';
const REMOVE = 'delete from credentials where device = ? and id = ?';

export function createCredentials(database: () => ReadDatabase): SystemStore['credentials'] {
  return {
    ofDevice: async (device) => database().all<Row>(OF_DEVICE, device).map(credentialOf),
    byId: async (id) => {
      const row = database().get<Row>(BY_ID, id);
      return row === null ? null : credentialOf(row);
    },
    insert: ({ id, project, device, kind, secretHash, createdAt, expiresAt }) => ({
      sql: INSERT,
      parameters: [id, project, device, kind, secretHash, createdAt, expiresAt],
    }),
    removeOfDevice: (device) => ({ sql: REMOVE_OF_DEVICE, parameters: [device] }),
    remove: (device, id) => ({ sql: REMOVE, parameters: [device, id], mustChange: true }),
  };
}

function credentialOf(row: Row): CredentialRecord {
  return {
    id: row.id,
    project: row.project as ProjectId,
    device: row.device as DeviceId,
    kind: row.kind === 'token' ? 'token' : 'password',
    secretHash: row.secret_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
