import { crc32 } from 'node:zlib';
import type { SqlValue } from '../commit-log.ts';
import { type Damage, setAside } from './damaged-entries.ts';
import { isCorrupt } from './driver.ts';
import { journalProblem } from './journal-codec.ts';
import type { StatementCache } from './statement-cache.ts';

type Row = Readonly<Record<string, SqlValue>>;

/** A table that holds one row for each group commit, and what tells a sound row. */
interface Rescued {
  readonly name: 'journal' | 'broker_log' | 'recent_messages';
  readonly problem: (row: Row) => string | null;
}

const TABLES: readonly Rescued[] = [
  { name: 'journal', problem: ({ blob, samples }) => (blob instanceof Uint8Array ? journalProblem(blob, Number(samples)) : 'it holds no samples') },
  { name: 'broker_log', problem: ({ blob, crc }) => (blob instanceof Uint8Array && crc32(blob) === crc ? null : 'the checksum is wrong') },
  { name: 'recent_messages', problem: () => null },
];

/** What can be saved of a table, as found before the transaction that does it. */
export interface RescuePlan {
  readonly name: Rescued['name'];
  readonly old: string;
  readonly sound: readonly number[];
  readonly damaged: readonly Damage[];
}

/**
 * When pages of these tables are damaged, their rows can often not even be deleted. So each table is put away whole, under the name
 * `<table>_damaged_<now>`, and a new one takes the rows that can still be read.
 */
export function planRescue(statements: StatementCache, now: number): RescuePlan[] {
  return TABLES.map(({ name, problem }) => {
    const old = `${name}_damaged_${now}`;
    const { ids, gapAfter } = readableIds(statements, name);
    const damaged: Damage[] = [];
    // What a mark is for is over in minutes: its loss is not worth a word.
    const source = name === 'recent_messages' ? null : name;
    if (gapAfter !== null && source !== null) {
      damaged.push({ source, entry: gapAfter + 1, reason: `entries behind ${gapAfter} cannot be found; what is left is in the table ${old}`, blob: null });
    }
    const sound = ids.filter((entry) => {
      const row = orCorrupt(() => statements.get<Row>(`select * from ${name} where id = ?`, entry));
      const reason = row === null ? `its pages in the database are damaged; what is left is in the table ${old}` : problem(row);
      if (reason !== null && source !== null) damaged.push({ source, entry, reason, blob: row?.blob instanceof Uint8Array ? row.blob : null });
      return reason === null;
    });
    return { name, old, sound, damaged };
  });
}

/** Runs in the transaction that is open. Fails when more is damaged than these tables. */
export function rescueTables(statements: StatementCache, plans: readonly RescuePlan[], now: number): void {
  for (const { name, old, sound, damaged } of plans) {
    const sql = statements.get<{ sql: string }>("select sql from sqlite_schema where type = 'table' and name = ?", name)?.sql;
    if (sql === undefined) throw new Error(`there is no table ${name}`);
    const highest = statements.get<{ seq: number }>('select seq from sqlite_sequence where name = ?', name)?.seq;
    statements.database.exec(`alter table ${name} rename to ${old}; ${sql}`);
    for (const id of sound) statements.run(`insert into ${name} select * from ${old} where id = ?`, id);
    setAside(statements, damaged, now);
    if (highest === undefined) continue;
    // An id is never given twice, even if its row was lost.
    statements.run('delete from sqlite_sequence where name = ?', name);
    statements.run('insert into sqlite_sequence (name, seq) values (?, ?)', name, highest);
  }
}

/** From both ends, as far as the pages allow. */
function readableIds(statements: StatementCache, table: string): { ids: number[]; gapAfter: number | null } {
  /** null: there is no further one. undefined: it cannot be read. */
  const next = (sql: string, from: number): { id: number } | null | undefined => {
    try {
      return statements.get<{ id: number }>(sql, from);
    } catch (error: unknown) {
      if (isCorrupt(error)) return undefined;
      throw error;
    }
  };
  const up = `select id from ${table} where id > ? order by id limit 1`;
  const down = `select id from ${table} where id < ? order by id desc limit 1`;
  const first: number[] = [];
  let above = next(up, 0);
  for (; above; above = next(up, above.id)) first.push(above.id);
  if (above === null) return { ids: first, gapAfter: null };
  const gapAfter = first.at(-1) ?? 0;
  const last: number[] = [];
  for (let below = next(down, Number.MAX_SAFE_INTEGER); below && below.id > gapAfter; below = next(down, below.id)) last.push(below.id);
  return { ids: [...first, ...last.reverse()], gapAfter };
}

function orCorrupt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error: unknown) {
    if (isCorrupt(error)) return null;
    throw error;
  }
}
