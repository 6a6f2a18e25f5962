import type { ProjectId } from '../../domain/ids.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly description: string | null;
  readonly created_at: number;
  readonly retention: string | null;
}

const ALL = 'select * from projects order by id';
const INSERT = 'insert into projects (id, description, created_at, retention) values (?, ?, ?, ?)';
const SET_RETENTION = 'update projects set retention = ? where id = ?';

export function createProjects(database: () => ReadDatabase): SystemStore['projects'] {
  return {
    all: async () =>
      database()
        .all<Row>(ALL)
        .map((row) => ({ id: row.id as ProjectId, description: row.description, createdAt: row.created_at, retention: row.retention })),
    insert: (project) => ({ sql: INSERT, parameters: [project.id, project.description, project.createdAt, project.retention] }),
    setRetention: (project, retention) => ({ sql: SET_RETENTION, parameters: [retention, project], mustChange: true }),
  };
}
