import { join } from 'node:path';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { SqlValue } from '../commit-log.ts';
import { bindable, CORRUPT_HINT, isCorrupt, openDatabase, type SqlStatement } from './driver.ts';

/** Where the system database and the journal stand in a data directory. */
export function systemFile(folder: string): string {
  return join(folder, 'system.db');
}

/** Reads of the event loop: short, indexed, answered from memory or the page cache. Errors are MusterError `storage_failed`. */
export interface ReadDatabase {
  all<Row>(sql: string, ...parameters: SqlValue[]): Row[];
  /** One row after the other, without parameters. The statement is its own, and ends with the iteration. */
  each<Row>(sql: string): Iterable<Row>;
  get<Row>(sql: string, ...parameters: SqlValue[]): Row | null;
  /** Idempotent. */
  close(): void;
}

const STATEMENTS_MAX = 200;

/** Opens a database that the commit log has made, beside its writer: what a commit has acknowledged is seen by the next read. */
export function openReadDatabase(file: string): ReadDatabase {
  // Kept by the closures below for as long as the statements are (driver.ts).
  const database = guarded(() => openDatabase(file, { readOnly: true }));
  const statements = new Map<string, SqlStatement>();

  function prepared(sql: string): SqlStatement {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= STATEMENTS_MAX) statements.clear();
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  function guarded<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (cause: unknown) {
      const hint = isCorrupt(cause) ? CORRUPT_HINT : undefined;
      throw new MusterError('storage_failed', `the system database ${file} cannot be read (${messageOf(cause)})`, { cause, hint, details: { file } });
    }
  }

  return {
    all: <Row>(sql: string, ...parameters: SqlValue[]) => guarded(() => prepared(sql).all(...bindable(parameters)) as Row[]),
    *each<Row>(sql: string) {
      const statement = guarded(() => database.prepare(sql));
      const rows = statement.iterate() as Iterator<Row>;
      try {
        for (let next = guarded(() => rows.next()); next.done !== true; next = guarded(() => rows.next())) yield next.value;
      } finally {
        rows.return?.();
      }
    },
    get: <Row>(sql: string, ...parameters: SqlValue[]) => guarded(() => (prepared(sql).get(...bindable(parameters)) as Row | undefined) ?? null),
    close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}
