import type { ProjectId } from '../../../domain/ids.ts';
import type { MaintenanceWindow } from '../../../domain/rule-record.ts';
import type { AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import { objectOf, type ReadableRows } from './readable-rows.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly scope: string;
  readonly from_time: number;
  readonly to_time: number;
  readonly reason: string;
  readonly created_at: number;
  readonly created_by: string;
}

const ALL = 'select * from maintenances order by from_time, id';
const INSERT = 'insert into maintenances (id, project, scope, from_time, to_time, reason, created_at, created_by) values (?, ?, ?, ?, ?, ?, ?, ?)';
const REMOVE = 'delete from maintenances where project = ? and id = ?';
const REMOVE_ENDED = 'delete from maintenances where to_time < ?';

export function createMaintenances(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['maintenances'] {
  return {
    all: async () => rows.all('maintenances', database().all<Row>(ALL), windowOf),
    insert: ({ id, project, scope, from, to, reason, createdAt, createdBy }) => ({
      sql: INSERT,
      parameters: [id, project, JSON.stringify(scope), from, to, reason, createdAt, createdBy],
    }),
    remove: (project, id) => ({ sql: REMOVE, parameters: [project, id], mustChange: true }),
    removeEnded: (before) => ({ sql: REMOVE_ENDED, parameters: [before] }),
  };
}

function windowOf(row: Row): MaintenanceWindow {
  return {
    id: row.id,
    project: row.project as ProjectId,
    scope: objectOf(row.scope),
    from: row.from_time,
    to: row.to_time,
    reason: row.reason,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
