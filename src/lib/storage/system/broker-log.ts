import { crc32 } from 'node:zlib';
import { messageOf } from '../../errors/muster-error.ts';
import type { SqlValue } from '../commit-log.ts';
import { writeBrokerChange } from './broker-tables.ts';
import { decodeChange } from './change-codec.ts';
import { ChangeWindow, type DueChanges } from './change-window.ts';
import type { Damage } from './damaged-entries.ts';
import type { StatementCache } from './statement-cache.ts';

/** Changes that lie in the log alone: about a second of them at 40,000 messages/s, and what a start has to replay. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;

const INSERT = 'insert into broker_log (crc, blob) values (?, ?)';
const DELETE = 'delete from broker_log where id <= ?';
const IDS = 'select id from broker_log order by id';
const ROW = 'select crc, blob from broker_log where id = ?';
const HIGHEST_MESSAGE = 'select max(key) as key from broker_messages';

/** What `write` has done, to be told with `committed`. */
export interface LoggedChanges {
  readonly logId: number;
  readonly bytes: Buffer | null;
  readonly due: DueChanges;
}

/** The writing thread's side of the broker's state. Its calls stand inside the transaction of a group. */
export class BrokerLog {
  readonly #statements: StatementCache;
  readonly #window: ChangeWindow;

  /** Another `bytesMax` is for tests. */
  constructor(statements: StatementCache, bytesMax = LOG_BYTES_MAX) {
    this.#statements = statements;
    this.#window = new ChangeWindow(bytesMax, statements.get<{ key: number | null }>(HIGHEST_MESSAGE)?.key ?? 0);
  }

  /** Logs these changes, and moves what the log is too long for into the tables. */
  write(changes: Uint8Array | null): LoggedChanges {
    const bytes = changes === null || changes.length === 0 ? null : Buffer.from(changes.buffer, changes.byteOffset, changes.length);
    const logId = bytes === null ? 0 : this.#statements.run(INSERT, crc32(bytes), bytes).id;
    const due = this.#window.due();
    this.#store(due);
    return { logId, bytes, due };
  }

  /** The transaction is on disk. Returns how many changes it held. */
  committed({ logId, bytes, due }: LoggedChanges): number {
    this.#window.written(due);
    return bytes === null ? 0 : this.#window.add(logId, bytes);
  }

  /** Moves all of the log into the tables. */
  storeAll(): void {
    const due = this.#window.all();
    this.#store(due);
    this.#window.written(due);
  }

  #store({ changes, deleteUpTo }: DueChanges): void {
    storeChanges(this.#statements, changes);
    if (deleteUpTo > 0) this.#statements.run(DELETE, deleteUpTo);
  }
}

/** What a start finds in the log. */
export interface FoundChanges {
  readonly due: DueChanges;
  readonly damaged: readonly Damage[];
}

/** Reads the log at a start, outside of a transaction (damaged-entries.ts). */
export function readBrokerLog(statements: StatementCache): FoundChanges {
  const damaged: Damage[] = [];
  const window = new ChangeWindow(LOG_BYTES_MAX, Number.POSITIVE_INFINITY);
  for (const { id } of statements.all<{ id: number }>(IDS)) {
    const row = statements.get<{ crc: number; blob: Uint8Array }>(ROW, id);
    if (row === null) continue;
    const bytes = Buffer.from(row.blob.buffer, row.blob.byteOffset, row.blob.length);
    const problem = crc32(bytes) === row.crc ? addTo(window, id, bytes) : 'the checksum is wrong';
    if (problem !== null) damaged.push({ source: 'broker_log', entry: id, reason: problem, blob: row.blob });
  }
  return { due: window.all(), damaged };
}

/** Moves what was found into the tables, in the transaction that is open, so that they are all there is to read. */
export function storeBrokerLog(statements: StatementCache, { due }: FoundChanges): void {
  storeChanges(statements, due.changes);
  statements.run('delete from broker_log');
}

function storeChanges(statements: StatementCache, changes: DueChanges['changes']): void {
  const run = (sql: string, ...parameters: SqlValue[]) => void statements.run(sql, ...parameters);
  for (const [, { bytes, record }] of changes) writeBrokerChange(decodeChange(bytes, record), run);
}

function addTo(window: ChangeWindow, id: number, bytes: Buffer): string | null {
  try {
    window.add(id, bytes);
    return null;
  } catch (error: unknown) {
    return messageOf(error);
  }
}
