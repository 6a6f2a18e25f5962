import type { DeviceType, TypeMode } from '../../domain/device-type.ts';
import type { DeviceTypeId, ProjectId } from '../../domain/ids.ts';
import type { PointDefinition } from '../../domain/point.ts';
import type { JsonObject } from '../../domain/value.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

interface Row {
  readonly project: string;
  readonly id: string;
  readonly mode: string;
  readonly description: string | null;
  readonly points: string;
  readonly config_schema: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

const ALL = 'select * from types order by project, id';
const INSERT = 'insert into types (project, id, mode, description, points, config_schema, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)';
const UPDATE = 'update types set mode = ?, description = ?, points = ?, config_schema = ?, updated_at = ? where project = ? and id = ?';
const REMOVE = 'delete from types where project = ? and id = ?';

export function createTypes(database: () => ReadDatabase): SystemStore['types'] {
  return {
    all: async () => database().all<Row>(ALL).map(typeOf),
    insert: (type) => ({
      sql: INSERT,
      parameters: [type.project, type.id, type.mode, type.description, JSON.stringify(type.points), schemaText(type), type.createdAt, type.updatedAt],
    }),
    update: (type) => ({
      sql: UPDATE,
      parameters: [type.mode, type.description, JSON.stringify(type.points), schemaText(type), type.updatedAt, type.project, type.id],
      mustChange: true,
    }),
    remove: (project, id) => ({ sql: REMOVE, parameters: [project, id], mustChange: true }),
  };
}

function schemaText({ configSchema }: DeviceType): string | null {
  return configSchema === null ? null : JSON.stringify(configSchema);
}

function typeOf(row: Row): DeviceType {
  return {
    id: row.id as DeviceTypeId,
    project: row.project as ProjectId,
    mode: row.mode as TypeMode,
    description: row.description,
    // One that was written before there was a retention has none.
    points: (JSON.parse(row.points) as PointDefinition[]).map((point) => ({ ...point, retention: point.retention ?? null })),
    configSchema: row.config_schema === null ? null : (JSON.parse(row.config_schema) as JsonObject),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
