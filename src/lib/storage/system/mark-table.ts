import type { StatementCache } from './statement-cache.ts';

/** Of all marks that are kept: a million messages. A busier hub remembers them for less than its window. */
const BYTES_MAX = 16 * 1024 * 1024;

const ROWS = 'select id, committed_at, length(blob) as bytes from recent_messages order by id';
const INSERT = 'insert into recent_messages (committed_at, blob) values (?, ?)';
const DELETE = 'delete from recent_messages where id <= ?';

interface MarkRow {
  readonly id: number;
  readonly committedAt: number;
  readonly bytes: number;
}

/** What `write` has done, to be told with `committed`. */
export interface WrittenMarks {
  readonly row: MarkRow | null;
  readonly deleteUpTo: number;
}

/** The writing thread's side of the messages that may be repeated: one row for each group commit, until they are old or too many. */
export class MarkTable {
  readonly #statements: StatementCache;
  readonly #windowMs: number;
  /** Those before `#first` are gone. */
  #rows: MarkRow[];
  #first = 0;
  #bytes: number;

  constructor(statements: StatementCache, windowMs: number) {
    this.#statements = statements;
    this.#windowMs = windowMs;
    const rows = statements.all<{ id: number; committed_at: number; bytes: number }>(ROWS);
    this.#rows = rows.map(({ id, committed_at: committedAt, bytes }) => ({ id, committedAt, bytes }));
    this.#bytes = this.#rows.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  write(now: number, marks: Uint8Array | null): WrittenMarks {
    const keep = marks !== null && marks.length > 0 && this.#windowMs > 0;
    const row = keep ? { id: this.#statements.run(INSERT, now, marks).id, committedAt: now, bytes: marks.length } : null;
    const deleteUpTo = this.#oldest(now, row?.bytes ?? 0);
    if (deleteUpTo > 0) this.#statements.run(DELETE, deleteUpTo);
    return { row, deleteUpTo };
  }

  /** The transaction is on disk. */
  committed({ row, deleteUpTo }: WrittenMarks): void {
    for (let oldest = this.#rows[this.#first]; oldest !== undefined && oldest.id <= deleteUpTo; oldest = this.#rows[this.#first]) {
      this.#bytes -= oldest.bytes;
      this.#first += 1;
    }
    if (this.#first > 1000 && this.#first * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#first);
      this.#first = 0;
    }
    if (row === null) return;
    this.#rows.push(row);
    this.#bytes += row.bytes;
  }

  /** The last row that is to go, 0 for none. */
  #oldest(now: number, moreBytes: number): number {
    let bytes = this.#bytes + moreBytes;
    let last = 0;
    for (let at = this.#first; at < this.#rows.length; at++) {
      const row = this.#rows[at];
      if (row === undefined || (bytes <= BYTES_MAX && row.committedAt > now - this.#windowMs)) break;
      bytes -= row.bytes;
      last = row.id;
    }
    return last;
  }
}
