import type { ProjectId } from '../../domain/ids.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly description: string | null;
  readonly created_at: number;
}

const ALL = 'select * from projects order by id';
const INSERT = 'insert into projects (id, description, created_at) values (?, ?, ?)';

export function createProjects(database: () => ReadDatabase): SystemStore['projects'] {
  return {
    all: async () =>
      database()
        .all<Row>(ALL)
        .map((row) => ({ id: row.id as ProjectId, description: row.description, createdAt: row.created_at })),
    insert: (project) => ({ sql: INSERT, parameters: [project.id, project.description, project.createdAt] }),
  };
}
