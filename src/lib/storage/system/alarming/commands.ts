import type { AlarmStorage, RuleCommand } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import type { ReadableRows } from './readable-rows.ts';

interface Row {
  readonly id: string;
  readonly command: string;
}

// Ids are uuids v7: in the order of their making.
const ALL = 'select id, command from rule_commands order by id';
const INSERT =
  "insert into rule_commands (id, command) select value ->> '$.id', value ->> '$.command' from json_each(?) where true on conflict (id) do nothing";
const REMOVE = 'delete from rule_commands where id in (select value from json_each(?))';

export function createCommands(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['commands'] {
  return {
    async all() {
      const commands: RuleCommand[] = [];
      for (const row of database().each<Row>(ALL)) {
        const command = rows.one('rule_commands', row, ({ command }: Row) => JSON.parse(command) as RuleCommand);
        if (command !== null) commands.push(command);
      }
      return commands;
    },
    insert: (commands) => ({ sql: INSERT, parameters: [JSON.stringify(commands.map((command) => ({ id: command.id, command: JSON.stringify(command) })))] }),
    remove: (ids) => ({ sql: REMOVE, parameters: [JSON.stringify(ids)] }),
  };
}
