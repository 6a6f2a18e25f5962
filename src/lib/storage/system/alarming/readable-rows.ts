import type { Log } from '../../../domain/log.ts';
import type { JsonValue } from '../../../domain/value.ts';
import { messageOf } from '../../../errors/muster-error.ts';

/** Rows that were told: each once, and no more of them than this. */
const TOLD_MAX = 1_000;

/** Reads rows of which some may be damaged, as by somebody's hand. Such a row is left out, and the log says so once. */
export interface ReadableRows {
  one<Row, Item>(table: string, row: Row & { readonly id: string }, itemOf: (row: Row) => Item): Item | null;
  all<Row, Item>(table: string, rows: readonly (Row & { readonly id: string })[], itemOf: (row: Row) => Item): Item[];
}

export function createReadableRows(log: Log): ReadableRows {
  const told = new Set<string>();
  const one: ReadableRows['one'] = (table, row, itemOf) => {
    try {
      return itemOf(row);
    } catch (error: unknown) {
      const key = `${table} ${row.id}`;
      if (told.size < TOLD_MAX && !told.has(key)) {
        told.add(key);
        log.error({ table, id: row.id, reason: messageOf(error) }, 'a row of the system database cannot be read; it is left out');
      }
      return null;
    }
  };
  return {
    one,
    all: (table, rows, itemOf) => rows.map((row) => one(table, row, itemOf)).filter((item) => item !== null) as never,
  };
}

/** Throws for what is no object in JSON. */
export function objectOf(text: string): { readonly [name: string]: JsonValue } {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is no JSON object');
  return value as { readonly [name: string]: JsonValue };
}

/** Throws for what is not one of these. */
export function memberOf<Member extends string>(members: readonly Member[], text: string): Member {
  if (!(members as readonly string[]).includes(text)) throw new Error(`${JSON.stringify(text.slice(0, 40))} is none of ${members.slice(0, 5).join(', ')} ...`);
  return text as Member;
}
