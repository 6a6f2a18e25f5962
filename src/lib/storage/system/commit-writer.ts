import { closeSync, openSync } from 'node:fs';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { Statement } from '../commit-log.ts';
import type { FromWriter, GroupUnit, Refusal, ToWriter, UnitOutcome } from './commit-messages.ts';
import { bindable, openDatabase, type SqlDatabase, type SqlStatement, sqliteCode } from './driver.ts';
import { decodeJournal, encodeJournal } from './journal-codec.ts';
import { migrate } from './schema.ts';

type Group = Extract<ToWriter, { kind: 'group' }>;

const STATEMENTS_MAX = 500;
/** Write-ahead log pages (4 KiB) before it is copied into the database: fewer, longer copies suit blobs of a megabyte. */
const CHECKPOINT_PAGES = 4000;

const INSERT_JOURNAL = 'insert into journal (committed_at, samples, blob) values (?, ?, ?)';
const DELETE_JOURNAL = 'delete from journal where id <= ?';
const LAST_JOURNAL = "select seq from sqlite_sequence where name = 'journal'";
const JOURNAL_ENTRIES = 'select id, length(blob) as bytes from journal order by id';

/**
 * Owns the one writing connection. Statements are cached beside the database that they need alive (driver.ts).
 */
export class CommitWriter {
  readonly #file: string;
  readonly #statements = new Map<string, SqlStatement>();
  #database: SqlDatabase | null;

  /** Makes or migrates the file. Throws MusterError `storage_failed`. */
  constructor(file: string) {
    this.#file = file;
    this.#database = openForWriting(file, true);
  }

  opened(): Extract<FromWriter, { kind: 'ready' }> {
    const last = this.#prepared(LAST_JOURNAL).get() as { seq: number } | undefined;
    const rows = this.#prepared(JOURNAL_ENTRIES).all() as { id: number; bytes: number }[];
    return { kind: 'ready', lastJournalId: last?.seq ?? 0, entries: rows.map((row) => [row.id, row.bytes] as const) };
  }

  /** One transaction, one fsync. A disk that fails undoes the group alone: the next one finds the writer working. */
  write(group: Group): FromWriter {
    try {
      this.#database ??= openForWriting(this.#file, false);
      this.#database.exec('begin immediate');
      const outcomes = group.units.map((unit) => this.#writeUnit(unit));
      const journalId = this.#writeJournal(group, outcomes);
      if (group.deleteUpTo > 0) this.#prepared(DELETE_JOURNAL).run(group.deleteUpTo);
      this.#database.exec('commit');
      return { kind: 'committed', journalId, outcomes };
    } catch (error: unknown) {
      this.#recover();
      return { kind: 'failed', message: messageOf(error) };
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = null;
  }

  /** A single statement is atomic by itself; only several need a savepoint. */
  #writeUnit(unit: GroupUnit): UnitOutcome {
    const several = unit.statements.length > 1;
    if (several) this.#prepared('savepoint unit').run();
    const outcome = this.#runStatements(unit.statements);
    if (several) {
      if (!outcome.ok) this.#prepared('rollback to unit').run();
      this.#prepared('release unit').run();
    }
    return outcome;
  }

  #runStatements(statements: readonly Statement[]): UnitOutcome {
    const changes: number[] = [];
    for (const { sql, parameters, mustChange } of statements) {
      try {
        const changed = this.#prepared(sql).run(...bindable(parameters)).changes;
        if (mustChange && changed === 0) return { ok: false, reason: 'stale', message: 'what was to be changed is not there any more', constraint: null };
        changes.push(changed);
      } catch (error: unknown) {
        const refusal = refusalOf(error, sql);
        if (refusal === null) throw error;
        return { ok: false, ...refusal };
      }
    }
    return { ok: true, changes };
  }

  #writeJournal(group: Group, outcomes: readonly UnitOutcome[]): number | null {
    const refused = group.units.filter((unit, index) => unit.rows > 0 && outcomes[index]?.ok === false);
    const { blob, samples } = refused.length === 0 || group.blob === null ? group : withoutRows(group.blob, refused);
    if (blob === null || samples === 0) return null;
    return Number(this.#prepared(INSERT_JOURNAL).run(group.committedAt, samples, blob).lastInsertRowid);
  }

  /** SQLite has ended the transaction itself after some errors. When the connection itself is broken, the next group gets a new one. */
  #recover(): void {
    try {
      if (this.#database?.isTransaction) this.#database.exec('rollback');
    } catch {
      // The group's own error is what is reported; here only the connection is given up.
      try {
        this.close();
      } catch {
        this.#database = null;
      }
    }
  }

  #prepared(sql: string): SqlStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#database === null) throw new Error('the database is closed');
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function openForWriting(file: string, migrating: boolean): SqlDatabase {
  let database: SqlDatabase | null = null;
  try {
    // It holds hashes of secrets: nobody else reads it. SQLite gives its side files the same mode.
    closeSync(openSync(file, 'a', 0o600));
    database = openDatabase(file, { readOnly: false });
    // Full: the log is on disk before a commit returns. fullfsync is what macOS needs for that; elsewhere it does nothing.
    database.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma fullfsync = on; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
      pragma journal_size_limit = 67108864; pragma foreign_keys = on; pragma cache_size = -16000`);
    if (migrating) migrate(database, file);
    return database;
  } catch (cause: unknown) {
    if (database?.isOpen) database.close();
    if (cause instanceof MusterError) throw cause;
    const damaged = [11, 26].includes(primary(cause));
    throw new MusterError('storage_failed', `the system database ${file} cannot be ${damaged ? 'read: it is damaged' : 'opened'} (${messageOf(cause)})`, {
      cause,
      hint: damaged ? 'Restore it from a backup, or choose another data directory.' : undefined,
      details: { file },
    });
  }
}

function withoutRows(blob: Uint8Array, refused: readonly GroupUnit[]): { blob: Uint8Array; samples: number } {
  const decoded = decodeJournal(blob, 0);
  if (!decoded.ok) throw new Error(decoded.reason);
  const { value } = decoded;
  const gone = new Uint8Array(value.count);
  for (const { firstRow, rows } of refused) gone.fill(1, firstRow, firstRow + rows);
  const kept = (_: number, row: number) => gone[row] === 0;
  const place = new Map<number, number>();
  for (let row = 0; row < value.count; row++) if (gone[row] === 0) place.set(row, place.size);
  const text: [number, string][] = [];
  for (const [row, content] of value.text) {
    const moved = place.get(row);
    if (moved !== undefined) text.push([moved, content]);
  }
  const columns = {
    count: place.size,
    series: value.series.filter(kept),
    time: value.time.filter(kept),
    number: value.number.filter(kept),
    tag: value.tag.filter(kept),
    flags: value.flags.filter(kept),
    text,
  };
  return { blob: encodeJournal([columns]), samples: columns.count };
}

/** https://sqlite.org/rescode.html: the low byte is the primary code. */
function primary(error: unknown): number {
  return (sqliteCode(error) ?? 0) & 0xff;
}

const CONSTRAINT = 19;
const UNIQUE = new Set([1555, 2067, 2579]);
const FOREIGN_KEY = 787;
/** Errors of the statement itself: SQL error, constraint, wrong type, wrong parameter. All others are the disk's. */
const OF_THE_UNIT = new Set([1, CONSTRAINT, 20, 25]);

/** null: it is no fault of the unit, so the whole group fails. */
function refusalOf(error: unknown, sql: string): Refusal | null {
  const code = sqliteCode(error);
  const message = messageOf(error);
  if (code !== null && UNIQUE.has(code)) return { reason: 'unique', message, constraint: /failed: (.*)$/s.exec(message)?.[1] ?? null };
  // SQLite does not say which reference; the table that is changed is known.
  if (code === FOREIGN_KEY) return { reason: 'reference', message, constraint: /(?:into|update|from)\s+(\w+)/i.exec(sql)?.[1] ?? null };
  if (code === null || OF_THE_UNIT.has(code & 0xff)) return { reason: 'storage', message, constraint: null };
  return null;
}
