import type { Role } from '../../access/roles.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore, UserRecord } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly role: string;
  readonly password_hash: string;
  readonly disabled: number;
  readonly created_at: number;
  readonly updated_at: number;
}

const LIST = 'select * from users where project = ? order by name';
const BY_NAME = 'select * from users where name = ?';
const BY_ID = 'select * from users where id = ?';
const INSERT = 'insert into users (id, project, name, role, password_hash, disabled, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)';
const UPDATE = 'update users set name = ?, role = ?, password_hash = ?, disabled = ?, updated_at = ? where id = ?';
const KEEPS_ADMIN = "update users set disabled = 0 where project = ? and role = 'admin' and disabled = 0";
const REMOVE = 'delete from users where id = ?';

export function createUsers(database: () => ReadDatabase): SystemStore['users'] {
  return {
    list: async (project) => database().all<Row>(LIST, project).map(userOf),
    byName: async (name) => optional(database().get<Row>(BY_NAME, name)),
    byId: async (id) => optional(database().get<Row>(BY_ID, id)),
    insert: (user) => ({
      sql: INSERT,
      parameters: [user.id, user.project, user.name, user.role, user.passwordHash, user.disabled ? 1 : 0, user.createdAt, user.updatedAt],
    }),
    update: (user) => ({
      sql: UPDATE,
      parameters: [user.name, user.role, user.passwordHash, user.disabled ? 1 : 0, user.updatedAt, user.id],
      mustChange: true,
    }),
    remove: (id) => ({ sql: REMOVE, parameters: [id], mustChange: true }),
    keepsAdmin: (project) => ({ sql: KEEPS_ADMIN, parameters: [project], mustChange: true }),
  };
}

function optional(row: Row | null): UserRecord | null {
  return row === null ? null : userOf(row);
}

function userOf(row: Row): UserRecord {
  return {
    id: row.id,
    project: row.project as ProjectId,
    name: row.name,
    // What the database holds is not checked here: authorize() gives a role that it does not know nothing.
    role: row.role as Role,
    passwordHash: row.password_hash,
    disabled: row.disabled !== 0,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
