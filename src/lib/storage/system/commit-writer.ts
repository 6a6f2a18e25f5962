import { closeSync, openSync, statSync } from 'node:fs';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { Statement } from '../commit-log.ts';
import { BrokerLog, readBrokerLog, storeBrokerLog } from './broker-log.ts';
import type { FromWriter, Group, GroupUnit, Refusal, Span, UnitOutcome, WriterOptions } from './commit-messages.ts';
import { type Damage, damagedJournal, journalIds, setAside } from './damaged-entries.ts';
import { CORRUPT_HINT, isCorrupt, openDatabase, type SqlDatabase, sqliteCode } from './driver.ts';
import { decodeJournal, encodeJournal } from './journal-codec.ts';
import { MarkTable } from './mark-table.ts';
import { planRescue, rescueTables } from './rescue.ts';
import { MIGRATIONS, migrate } from './schema.ts';
import { StatementCache } from './statement-cache.ts';

/** Write-ahead log pages (4 KiB) before it is copied into the database: fewer, longer copies suit blobs of a megabyte. */
const CHECKPOINT_PAGES = 4000;
/** A write-ahead log that has grown so long was not emptied for long: nothing more is added to it. */
const WAL_BYTES_MAX = 1024 * 1024 * 1024;
/** How often to try to empty the write-ahead log out of turn. */
const CHECKPOINT_RETRY_MS = 1000;

/** The version is what it was; its page is written all the same. */
const WRITE_SOMETHING = `pragma user_version = ${MIGRATIONS.length}`;
/** What SQLite takes for the sector of a disk. */
const SECTOR_BYTES = 4096;

const INSERT_JOURNAL = 'insert into journal (committed_at, samples, blob) values (?, ?, ?)';
const DELETE_JOURNAL = 'delete from journal where id <= ?';
const LAST_JOURNAL = "select seq from sqlite_sequence where name = 'journal'";
const JOURNAL_ENTRIES = 'select id, length(blob) as bytes from journal order by id';
const DAMAGED_KEPT = 'select count(*) as count from damaged_entries';

/** The one writing connection, with what it knows of the file. A new connection begins anew. */
interface Connection {
  readonly statements: StatementCache;
  readonly broker: BrokerLog;
  readonly marks: MarkTable;
}

/** Owns the one writing connection. */
export class CommitWriter {
  readonly #options: WriterOptions;
  readonly #opened: Extract<FromWriter, { kind: 'ready' }>;
  #connection: Connection | null;
  #checkpointedAt = Number.NEGATIVE_INFINITY;
  /** Rows of the journal cannot be deleted before the next start. */
  #keepsJournal = false;

  /**
   * Makes or migrates the file, brings the broker's tables up to date, and sets aside what is damaged. Throws MusterError
   * `storage_failed`.
   */
  constructor(options: WriterOptions, now: number) {
    this.#options = options;
    const { connection, opened } = openForWriting(options, now, true);
    this.#connection = connection;
    this.#opened = opened;
  }

  opened(): Extract<FromWriter, { kind: 'ready' }> {
    return this.#opened;
  }

  /** One transaction, one fsync. A disk that fails undoes the group alone: the next one finds the writer working. */
  write(group: Group): FromWriter {
    try {
      try {
        return this.#attempt(this.#keepsJournal ? { ...group, deleteUpTo: 0, suspects: [] } : group);
      } catch (error: unknown) {
        if (!isCorrupt(error) || this.#keepsJournal || (group.deleteUpTo === 0 && group.suspects.length === 0)) throw error;
        // Pages of the journal are damaged, so that its old rows cannot be deleted. That is no reason to refuse new ones: the next start
        // puts the table away (rescue.ts).
        this.#recover();
        this.#keepsJournal = true;
        return this.#attempt({ ...group, deleteUpTo: 0, suspects: [] });
      }
    } catch (error: unknown) {
      this.#recover();
      return { kind: 'failed', message: messageOf(error) };
    }
  }

  #attempt(group: Group): FromWriter {
    const began = performance.now();
    this.#connection ??= openForWriting(this.#options, group.committedAt, false).connection;
    const walBytes = this.#limitWal();
    const { statements, broker, marks } = this.#connection;
    const damaged = damagedJournal(statements, group.suspects);
    statements.database.exec('begin immediate');
    const outcomes = group.units.map((unit) => writeUnit(statements, unit));
    const refused = group.units.filter((_, index) => outcomes[index]?.ok === false);
    const journalId = writeJournal(statements, group, refused);
    const logged = broker.write(without(group.changes, refused, ({ changes }) => changes));
    const marked = marks.write(
      group.committedAt,
      without(group.marks, refused, (unit) => unit.marks),
    );
    setAside(statements, damaged, group.committedAt);
    if (group.deleteUpTo > 0) statements.run(DELETE_JOURNAL, group.deleteUpTo);
    if (group.probe) statements.database.exec(WRITE_SOMETHING);
    statements.database.exec('commit');
    this.#writeBehindSector(walBytes);
    marks.committed(marked);
    const changesLogged = broker.committed(logged);
    return {
      kind: 'committed',
      journalId,
      outcomes,
      elapsedMs: performance.now() - began,
      changesLogged,
      changesStored: logged.due.changes.length,
      damaged: damaged.map(({ source, entry, reason }) => ({ source, entry, reason })),
    };
  }

  /** Leaves the broker's state in its tables, where other programs can read it. */
  close(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    const { statements, broker } = connection;
    try {
      statements.database.exec('begin immediate');
      broker.storeAll();
      statements.database.exec('commit');
      // A reader of this driver that was closed holds the file until its statements are collected: then closing alone folds nothing.
      statements.database.exec('pragma wal_checkpoint(truncate)');
    } catch {
      // It stays in the log, which the next start reads.
    } finally {
      statements.close();
    }
  }

  /** The log grows while it cannot be copied into the database, as on a full disk: SQLite tries again and again, and here it ends. */
  #limitWal(): number {
    const bytes = this.#walBytes();
    if (bytes <= WAL_BYTES_MAX) return bytes;
    this.#checkpoint();
    if (this.#walBytes() > WAL_BYTES_MAX) throw new Error(`the write-ahead log of ${this.#options.file} has ${bytes} bytes and cannot be emptied`);
    return this.#walBytes();
  }

  /**
   * A commit that ends with a sector, 1 in 512, gets no copy of its last page behind it (driver.ts), so that a cut would take it along. The next
   * commit is behind it, if it is only one of ours. Not where the log is written over: there, its end is older.
   */
  #writeBehindSector(walBytesBefore: number): void {
    const bytes = this.#walBytes();
    if (bytes === walBytesBefore || bytes % SECTOR_BYTES !== 0) return;
    try {
      this.#connection?.statements.database.exec(WRITE_SOMETHING);
    } catch {
      // The group is on disk all the same.
    }
  }

  #walBytes(): number {
    return statSync(`${this.#options.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** SQLite has ended the transaction itself after some errors. When the connection itself is broken, the next group gets a new one. */
  #recover(): void {
    try {
      const database = this.#connection?.statements.database;
      if (database?.isTransaction) database.exec('rollback');
      // An emptied log is written from its beginning again, which takes no new room: on a full disk, deletions still go on.
      this.#checkpoint();
    } catch {
      // The group's own error is what is reported; here only the connection is given up.
      try {
        this.#connection?.statements.close();
      } catch {
        // Closed or not, it is not used again.
      }
      this.#connection = null;
    }
  }

  #checkpoint(): void {
    const now = performance.now();
    if (this.#connection === null || now - this.#checkpointedAt < CHECKPOINT_RETRY_MS) return;
    this.#checkpointedAt = now;
    try {
      this.#connection.statements.database.exec('pragma wal_checkpoint(truncate)');
    } catch (error: unknown) {
      // A full disk, or somebody reads: neither says anything about the connection.
      if (sqliteCode(error) === null) throw error;
    }
  }
}

/** A single statement is atomic by itself; only several need a savepoint. */
function writeUnit(statements: StatementCache, unit: GroupUnit): UnitOutcome {
  const several = unit.statements.length > 1;
  if (several) statements.run('savepoint unit');
  const outcome = runStatements(statements, unit.statements);
  if (several) {
    if (!outcome.ok) statements.run('rollback to unit');
    statements.run('release unit');
  }
  return outcome;
}

function runStatements(cache: StatementCache, statements: readonly Statement[]): UnitOutcome {
  const changes: number[] = [];
  for (const { sql, parameters, mustChange } of statements) {
    try {
      const changed = cache.run(sql, ...parameters).changes;
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

function writeJournal(statements: StatementCache, group: Group, refused: readonly GroupUnit[]): number | null {
  const without = refused.filter(({ rows }) => rows.end > rows.start);
  const { blob, samples } = without.length === 0 || group.blob === null ? group : withoutRows(group.blob, without);
  if (blob === null || samples === 0) return null;
  return statements.run(INSERT_JOURNAL, group.committedAt, samples, blob).id;
}

/** The bytes but for the spans of these units, which stand in their order. */
function without(bytes: Uint8Array | null, refused: readonly GroupUnit[], spanOf: (unit: GroupUnit) => Span): Uint8Array | null {
  if (bytes === null || refused.every((unit) => spanOf(unit).end === spanOf(unit).start)) return bytes;
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const unit of refused) {
    const { start, end } = spanOf(unit);
    kept.push(bytes.subarray(from, start));
    from = end;
  }
  return Buffer.concat([...kept, bytes.subarray(from)]);
}

function openForWriting(
  { file, repeatWindowMs }: WriterOptions,
  now: number,
  first: boolean,
): { connection: Connection; opened: Extract<FromWriter, { kind: 'ready' }> } {
  let database: SqlDatabase | null = null;
  try {
    // It holds hashes of secrets: nobody else reads it. SQLite gives its side files the same mode.
    closeSync(openSync(file, 'a', 0o600));
    database = openDatabase(file, { readOnly: false });
    // Full: the log is on disk before a commit returns. fullfsync is what macOS needs for that; elsewhere it does nothing.
    database.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma fullfsync = on; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
      pragma journal_size_limit = 67108864; pragma foreign_keys = on; pragma cache_size = -16000`);
    if (first) migrate(database, file);
    const statements = new StatementCache(database);
    const damaged = prepare(statements, now, first).map(({ source, entry, reason }) => ({ source, entry, reason }));
    const rows = statements.all<{ id: number; bytes: number }>(JOURNAL_ENTRIES);
    const opened = {
      kind: 'ready',
      lastJournalId: statements.get<{ seq: number }>(LAST_JOURNAL)?.seq ?? 0,
      entries: rows.map(({ id, bytes }) => [id, bytes] as const),
      damaged,
      damagedKept: statements.get<{ count: number }>(DAMAGED_KEPT)?.count ?? 0,
    } as const;
    return { connection: { statements, broker: new BrokerLog(statements), marks: new MarkTable(statements, repeatWindowMs) }, opened };
  } catch (cause: unknown) {
    if (database?.isOpen) database.close();
    if (cause instanceof MusterError) throw cause;
    const damaged = isCorrupt(cause);
    throw new MusterError('storage_failed', `the system database ${file} cannot be ${damaged ? 'read: it is damaged' : 'opened'} (${messageOf(cause)})`, {
      cause,
      hint: damaged ? CORRUPT_HINT : undefined,
      details: { file },
    });
  }
}

/** Sets aside what is damaged and brings the broker's tables up to date. */
function prepare(statements: StatementCache, now: number, first: boolean): readonly Damage[] {
  try {
    const damaged = first ? damagedJournal(statements, journalIds(statements)) : [];
    const changes = readBrokerLog(statements);
    statements.get('select sum(length(blob)) from recent_messages');
    const all = [...damaged, ...changes.damaged];
    inTransaction(statements, () => {
      setAside(statements, all, now);
      storeBrokerLog(statements, changes);
    });
    return all;
  } catch (error: unknown) {
    if (!first || !isCorrupt(error)) throw error;
    const plans = planRescue(statements, now);
    inTransaction(statements, () => rescueTables(statements, plans, now));
    const changes = readBrokerLog(statements);
    inTransaction(statements, () => storeBrokerLog(statements, changes));
    return plans.flatMap(({ damaged }) => damaged);
  }
}

function inTransaction(statements: StatementCache, work: () => void): void {
  statements.database.exec('begin immediate');
  try {
    work();
    statements.database.exec('commit');
  } catch (error: unknown) {
    if (statements.database.isTransaction) statements.database.exec('rollback');
    throw error;
  }
}

function withoutRows(blob: Uint8Array, refused: readonly GroupUnit[]): { blob: Uint8Array; samples: number } {
  const decoded = decodeJournal(blob, 0);
  if (!decoded.ok) throw new Error(decoded.reason);
  const { value } = decoded;
  const gone = new Uint8Array(value.count);
  for (const { rows } of refused) gone.fill(1, rows.start, rows.end);
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
