import { setImmediate as nextTurn } from 'node:timers/promises';
import { MusterError } from '../../../errors/muster-error.ts';
import type { SqlValue } from '../../commit-log.ts';
import type { Page, PageRequest } from '../../page.ts';
import type { ReadDatabase } from '../database.ts';

/** Rows that are looked at before others get their turn of the event loop: 1 to 5 ms. */
const BITE_ROWS = 2_000;
/** Rows that are looked at for one page. Then it ends where it is, and the next goes on from there. */
const LOOKED_AT_MAX = 100_000;
/** Text of the rows of one page, about: likewise. */
const PAGE_CHARACTERS_MAX = 8 * 1024 * 1024;
/** Rows that are read at once, of all ranges together, and of each at least. */
const READ_AHEAD_ROWS = 1_000;
const READ_AHEAD_MIN = 10;

export interface Condition {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** Where a row stands in the order of a list: a number for each column of the order. */
export type Position = readonly number[];

/** A filtered list: which ranges of which index are read, and what is asked of each row in them. */
export interface Scan {
  readonly table: string;
  readonly index: string;
  /** The columns of the order, behind those of the range in the index. The last one is unique. */
  readonly order: readonly string[];
  readonly descending: boolean;
  /** Of the same text, and with no row in common. None of them bounds a column of the order: of two bounds the database seeks to one, and walks to the other. */
  readonly ranges: readonly Condition[];
  /** Only what comes behind this place, and up to that one; null: from the beginning, to the end. */
  readonly behind: Position | null;
  readonly upTo: Position | null;
  /** Terms on columns stand behind a `+`, so that they lead to no other index. */
  readonly rest: readonly Condition[];
}

type Row = Readonly<Record<string, SqlValue>>;

/** Texts of one scan. They are few for each kind of list, because lists of values go in as JSON. */
function textsOf({ table, index, order, descending, ranges, rest }: Scan) {
  const columns = order.join(', ');
  const place = `(${order.map(() => '?').join(', ')})`;
  const [before, upTo] = descending ? ['<', '>='] : ['>', '<='];
  const from = `from ${table} indexed by ${index} where ${ranges[0]?.sql ?? 'true'}`;
  const sorted = `order by ${order.map((column) => (descending ? `${column} desc` : column)).join(', ')}`;
  const begin = (started: boolean) => (started ? ` and (${columns}) ${before} ${place}` : '');
  const end = (ends: boolean) => (ends ? ` and (${columns}) ${upTo} ${place}` : '');
  const asked = rest.map(({ sql }) => ` and ${sql}`).join('');
  return {
    end: (started: boolean) => `select ${columns} ${from}${begin(started)} ${sorted} limit 1 offset ?`,
    rows: (started: boolean, ends: boolean) => `select * ${from}${begin(started)}${end(ends)}${asked} ${sorted} limit ?`,
    count: (started: boolean, ends: boolean) => `select count(*) as count ${from}${begin(started)}${end(ends)}${asked}`,
  };
}

/** One range, read from its beginning bite by bite. */
interface Reader {
  readonly range: Condition;
  rows: Row[];
  next: number;
  /** All up to here was looked at; null: nothing was. */
  readTo: Position | null;
  done: boolean;
}

/**
 * A page of the rows of all ranges in their common order. No query looks at more than a bite, so that a filter which finds nothing among millions of
 * rows holds nobody up.
 */
export async function pageOf<Item>(
  database: () => ReadDatabase,
  scan: Scan,
  { limit, cursor }: PageRequest,
  itemOf: (row: never) => Item | null,
): Promise<Page<Item>> {
  const start = cursor === undefined || cursor === null ? scan.behind : positionOf(cursor, scan.order.length);
  const texts = textsOf(scan);
  const asked = scan.rest.flatMap(({ parameters }) => parameters);
  const readers: Reader[] = scan.ranges.map((range) => ({ range, rows: [], next: 0, readTo: start, done: false }));
  const items: Item[] = [];
  let found = 0;
  let lookedAt = 0;
  let characters = 0;
  let last = start;
  for (;;) {
    const reader = foremost(readers, scan);
    if (reader === null) return { items, cursor: null };
    const row = reader.rows[reader.next];
    if (row === undefined) {
      if (lookedAt >= LOOKED_AT_MAX && reader.readTo !== null) return { items, cursor: cursorOf(reader.readTo) };
      if (lookedAt > 0) await nextTurn();
      lookedAt += readBite(reader);
      continue;
    }
    if (found === limit || characters >= PAGE_CHARACTERS_MAX) return { items, cursor: last === null ? null : cursorOf(last) };
    reader.next += 1;
    found += 1;
    characters += charactersOf(row);
    last = placeOf(row, scan.order);
    const item = itemOf(row as never);
    if (item !== null) items.push(item);
  }

  function readBite(reader: Reader): number {
    const { range, readTo } = reader;
    const begin = [...range.parameters, ...(readTo ?? [])];
    const wanted = Math.min(limit - found + 1, Math.max(READ_AHEAD_MIN, Math.ceil(READ_AHEAD_ROWS / readers.length)));
    const bite = scan.rest.length === 0 ? null : biteBehind(database(), scan, texts, range, readTo, BITE_ROWS);
    const end = bite ?? scan.upTo;
    reader.rows = database().all<Row>(texts.rows(readTo !== null, end !== null), ...begin, ...(end ?? []), ...asked, wanted);
    reader.next = 0;
    const lastRow = reader.rows.at(-1);
    if (reader.rows.length === wanted && lastRow !== undefined) reader.readTo = placeOf(lastRow, scan.order);
    else if (bite !== null) reader.readTo = bite;
    else reader.done = true;
    return bite === null ? reader.rows.length : BITE_ROWS;
  }
}

export async function countOf(database: () => ReadDatabase, scan: Scan): Promise<number> {
  const texts = textsOf(scan);
  const asked = scan.rest.flatMap(({ parameters }) => parameters);
  let count = 0;
  for (const range of scan.ranges) {
    for (let readTo: Position | null = scan.behind; ; await nextTurn()) {
      const bite: Position | null = biteBehind(database(), scan, texts, range, readTo, BITE_ROWS);
      if (bite !== null && scan.rest.length === 0) count += BITE_ROWS;
      else {
        const end: Position | null = bite ?? scan.upTo;
        const parameters = [...range.parameters, ...(readTo ?? []), ...(end ?? []), ...asked];
        count += database().get<{ count: number }>(texts.count(readTo !== null, end !== null), ...parameters)?.count ?? 0;
      }
      if (bite === null) break;
      readTo = bite;
    }
  }
  return count;
}

/** Where so many rows of a range end; null: it has no more than those. */
function biteBehind(
  database: ReadDatabase,
  { order, upTo, descending }: Scan,
  texts: ReturnType<typeof textsOf>,
  range: Condition,
  readTo: Position | null,
  rows: number,
): Position | null {
  const end = database.get<Row>(texts.end(readTo !== null), ...range.parameters, ...(readTo ?? []), rows - 1);
  const place = end === null ? null : placeOf(end, order);
  return place !== null && upTo !== null && comesBefore(upTo, place, descending) ? null : place;
}

/** The reader whose next row comes first. One that has to read on stands where it has read to: what it finds comes behind that. */
function foremost(readers: readonly Reader[], { order, descending }: Scan): Reader | null {
  let first: Reader | null = null;
  let place: Position | null = null;
  for (const reader of readers) {
    const row = reader.rows[reader.next];
    if (row === undefined && reader.done) continue;
    const own = row === undefined ? reader.readTo : placeOf(row, order);
    // Where nothing was read yet, anything may come.
    if (own === null) return reader;
    if (place !== null && !comesBefore(own, place, descending)) continue;
    first = reader;
    place = own;
  }
  return first;
}

function comesBefore(a: Position, b: Position, descending: boolean): boolean {
  for (let index = 0; index < a.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return descending ? difference > 0 : difference < 0;
  }
  return false;
}

function placeOf(row: Row, order: readonly string[]): Position {
  return order.map((column) => Number(row[column]));
}

function charactersOf(row: Row): number {
  let characters = 0;
  for (const value of Object.values(row)) if (typeof value === 'string') characters += value.length;
  return characters;
}

function cursorOf(position: Position): string {
  return Buffer.from(position.join(' ')).toString('base64url');
}

function positionOf(cursor: string, columns: number): Position {
  const text = Buffer.from(cursor, 'base64url').toString();
  const numbers = /^-?\d{1,16}(?: -?\d{1,16})*$/.test(text) ? text.split(' ').map(Number) : [];
  if (numbers.length !== columns) throw new MusterError('invalid', 'the cursor is not one that a list has given', { details: { field: 'cursor' } });
  return numbers;
}

/** The value of a column is one of these; undefined: any. */
export function oneOf(column: string, values: readonly string[] | undefined): readonly Condition[] {
  if (values === undefined) return [];
  return [{ sql: `+${column} in (select value from json_each(?))`, parameters: [JSON.stringify(values)] }];
}
