import type { AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';

const AT = "select at from hub_marks where name = 'awake'";
const PUT = "insert into hub_marks (name, at) values ('awake', ?) on conflict (name) do update set at = excluded.at";

export function createHubMarks(database: () => ReadDatabase): Pick<AlarmStorage, 'awakeAt' | 'awake'> {
  return {
    async awakeAt() {
      const at = database().get<{ at: unknown }>(AT)?.at;
      return typeof at === 'number' ? at : null;
    },
    awake: (at) => ({ sql: PUT, parameters: [at] }),
  };
}
