import type { ChannelId, ProjectId } from '../../../domain/ids.ts';
import type { Channel } from '../../../domain/notification.ts';
import type { AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import { objectOf, type ReadableRows } from './readable-rows.ts';

interface Row {
  readonly project: string;
  readonly id: string;
  readonly kind: string;
  readonly enabled: number;
  readonly config: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const ALL = 'select * from channels order by project, id';
const INSERT = 'insert into channels (project, id, kind, enabled, config, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?)';
const UPDATE = 'update channels set kind = ?, enabled = ?, config = ?, updated_at = ? where project = ? and id = ?';
const REMOVE = 'delete from channels where project = ? and id = ?';

export function createChannels(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['channels'] {
  return {
    all: async () => rows.all('channels', database().all<Row>(ALL), channelOf),
    insert: ({ project, id, kind, enabled, config, createdAt, updatedAt }) => ({
      sql: INSERT,
      parameters: [project, id, kind, enabled ? 1 : 0, JSON.stringify(config), createdAt, updatedAt],
    }),
    update: ({ project, id, kind, enabled, config, updatedAt }) => ({
      sql: UPDATE,
      parameters: [kind, enabled ? 1 : 0, JSON.stringify(config), updatedAt, project, id],
      mustChange: true,
    }),
    remove: (project, id) => ({ sql: REMOVE, parameters: [project, id], mustChange: true }),
  };
}

function channelOf(row: Row): Channel {
  return {
    id: row.id as ChannelId,
    project: row.project as ProjectId,
    kind: row.kind,
    enabled: row.enabled !== 0,
    config: objectOf(row.config),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
