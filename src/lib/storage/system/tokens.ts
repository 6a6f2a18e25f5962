import type { Role } from '../../access/roles.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore, TokenRecord } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly role: string;
  readonly user_id: string | null;
  readonly secret_hash: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

const LIST = 'select * from tokens where project = ? order by created_at, id';
const BY_ID = 'select * from tokens where id = ?';
const OF_USER = 'select * from tokens where user_id = ? order by created_at, id';
const COUNT = 'select count(*) as count from tokens where project = ?';
const INSERT = 'insert into tokens (id, project, name, role, user_id, secret_hash, created_at, expires_at, revoked_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)';
const REVOKE = 'update tokens set revoked_at = ? where id = ? and revoked_at is null';
const REVOKE_OF_USER = 'update tokens set revoked_at = ? where user_id = ? and revoked_at is null';
const REMOVE = 'delete from tokens where id = ?';
const REMOVE_ENDED = 'delete from tokens where project = ? and (expires_at < ? or revoked_at < ?)';

export function createTokens(database: () => ReadDatabase): SystemStore['tokens'] {
  return {
    list: async (project) => database().all<Row>(LIST, project).map(tokenOf),
    byId: async (id) => {
      const row = database().get<Row>(BY_ID, id);
      return row === null ? null : tokenOf(row);
    },
    ofUser: async (user) => database().all<Row>(OF_USER, user).map(tokenOf),
    count: async (project) => database().get<{ count: number }>(COUNT, project)?.count ?? 0,
    insert: (token) => ({
      sql: INSERT,
      parameters: [token.id, token.project, token.name, token.role, token.user, token.secretHash, token.createdAt, token.expiresAt, token.revokedAt],
    }),
    revoke: (id, at) => ({ sql: REVOKE, parameters: [at, id] }),
    revokeOfUser: (user, at) => ({ sql: REVOKE_OF_USER, parameters: [at, user] }),
    remove: (id) => ({ sql: REMOVE, parameters: [id] }),
    removeEnded: (project, before) => ({ sql: REMOVE_ENDED, parameters: [project, before, before] }),
  };
}

function tokenOf(row: Row): TokenRecord {
  return {
    id: row.id,
    project: row.project as ProjectId,
    name: row.name,
    role: row.role as Role,
    user: row.user_id,
    secretHash: row.secret_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
