import type { ChannelId, ProjectId, RouteId } from '../../../domain/ids.ts';
import type { Route } from '../../../domain/notification.ts';
import type { AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import { objectOf, type ReadableRows } from './readable-rows.ts';

interface Row {
  readonly project: string;
  readonly id: string;
  readonly enabled: number;
  readonly channels: string;
  readonly document: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const ALL = 'select * from routes order by project, id';
const INSERT = 'insert into routes (project, id, enabled, channels, document, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?)';
const UPDATE = 'update routes set enabled = ?, channels = ?, document = ?, updated_at = ? where project = ? and id = ?';
const REMOVE = 'delete from routes where project = ? and id = ?';

export function createRoutes(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['routes'] {
  return {
    all: async () => rows.all('routes', database().all<Row>(ALL), routeOf),
    insert: ({ project, id, enabled, channels, document, createdAt, updatedAt }) => ({
      sql: INSERT,
      parameters: [project, id, enabled ? 1 : 0, JSON.stringify(channels), JSON.stringify(document), createdAt, updatedAt],
    }),
    update: ({ project, id, enabled, channels, document, updatedAt }) => ({
      sql: UPDATE,
      parameters: [enabled ? 1 : 0, JSON.stringify(channels), JSON.stringify(document), updatedAt, project, id],
      mustChange: true,
    }),
    remove: (project, id) => ({ sql: REMOVE, parameters: [project, id], mustChange: true }),
  };
}

function routeOf(row: Row): Route {
  return {
    id: row.id as RouteId,
    project: row.project as ProjectId,
    enabled: row.enabled !== 0,
    channels: channelsOf(row.channels),
    document: objectOf(row.document),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function channelsOf(text: string): readonly ChannelId[] {
  const channels: unknown = JSON.parse(text);
  if (!Array.isArray(channels) || !channels.every((channel) => typeof channel === 'string')) throw new Error('its channels are no list of names');
  return channels as ChannelId[];
}
