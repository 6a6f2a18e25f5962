import type { SqlValue } from '../commit-log.ts';
import type { ReadDatabase } from './database.ts';

/** How a large table is read: piece by piece, each as one JSON text. A call of the driver for each column takes ten times as long. */
export interface TextQuery {
  /** `rows`: the texts of those behind the last key, up to and with this one; without a limit when it is null. */
  readonly rows: string;
  /** The key of the last row of the next piece; none: the rest is less than a piece. */
  readonly end: string;
  /** Before all keys. */
  readonly start: readonly string[];
}

/** The pieces of a table, in the order of its keys. */
export function* textsOf(database: ReadDatabase, { rows, end, start }: TextQuery): Generator<string> {
  for (let after: readonly SqlValue[] = start; ; ) {
    const last = database.get<Record<string, SqlValue>>(end, ...after);
    // Behind all texts: a BLOB comes after every text.
    const upTo: readonly SqlValue[] = last === null ? start.map(() => BEHIND_ALL) : Object.values(last);
    const text = database.get<{ rows: string }>(rows, ...after, ...upTo)?.rows ?? '[]';
    if (text !== '[]') yield text;
    if (last === null) return;
    after = upTo;
  }
}

const BEHIND_ALL = Buffer.from([0xff]);
