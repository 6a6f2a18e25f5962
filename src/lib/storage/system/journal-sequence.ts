import type { Statement } from '../commit-log.ts';

/** The next entry of the journal gets a number above this one. SQLite keeps the last number that it gave in a table of its own. */
export function statementsToGoOnBehind(journalId: number): Statement[] {
  return [
    {
      sql: "insert into sqlite_sequence (name, seq) select 'journal', 0 where not exists (select 1 from sqlite_sequence where name = 'journal')",
      parameters: [],
    },
    { sql: "update sqlite_sequence set seq = max(seq, ?) where name = 'journal'", parameters: [journalId] },
  ];
}
