import type { DuckDBConnection } from '@duckdb/node-api';
import { MusterError } from '../../errors/muster-error.ts';
import type { AppliedBatch, DamagedFile, StoredSeries } from '../sample-store.ts';
import type { JournalReader } from '../system/journal-reader.ts';
import { createJournalApplier, type JournalApplier } from './apply-journal.ts';
import { type Archive, openArchive } from './archive/maintenance.ts';
import type { Database } from './database.ts';
import { storageError } from './failure.ts';
import type { Block, Reading, Task, WorkerSettings } from './messages.ts';
import { asideFiles, openOrRescue } from './open-or-rescue.ts';
import { writeParquet } from './parquet.ts';
import { createReadings, type Readings } from './serve-readings.ts';
import { createTurns } from './turns.ts';
import { edge, wantedOf } from './wanted.ts';

/** Calls into DuckDB at once, beside the one that writes. */
const READING_CALLS = 2;
const TRIM_AFTER_MS = 5_000;
const RETRY_FIRST_MS = 1000;
const RETRY_LAST_MS = 30_000;

export interface SampleEngine {
  readonly applied: number;
  /** When it started. */
  readonly highestSeries: number;
  readonly readings: Readings;
  /** A journal entry waits; it is applied within the interval. */
  committed(journalId: number): void;
  open(id: number, reading: Reading, credit: number, send: (block: Block) => void): Promise<void>;
  perform(task: Task, id: number): Promise<unknown>;
  /** Breaks off an export that is written, or waits for its turn. */
  cancel(id: number): void;
}

interface ExportedFile {
  cancelled: boolean;
  connection: DuckDBConnection | null;
}

interface Listener {
  onApplied(journalId: number, batch: AppliedBatch): void;
  /** Applying failed; it is tried again. */
  onFailing(error: MusterError): void;
  /** A file cannot be used; the rest of the store can. */
  onDamaged(file: DamagedFile): void;
  /** The names of those of the series that are known. */
  describe(series: readonly number[]): Promise<readonly StoredSeries[]>;
}

/** What the thread does, without its messages. */
export async function createSampleEngine(settings: WorkerSettings, openJournal: (file: string) => JournalReader, listener: Listener): Promise<SampleEngine> {
  const calls = createTurns(READING_CALLS);
  const writing = createTurns(1);
  const { database, value } = await openOrRescue(settings.folder, settings.memoryBytes, prepare, listener.onDamaged);
  const { journal, applier, archive, highestSeries } = value;
  const readings = createReadings(database, calls, archive.reader);
  const trimmer = createTrimmer(database);
  const busy = new Map<DuckDBConnection, Promise<unknown>>();
  const exporting = new Map<number, ExportedFile>();
  let wanted = 0;
  let retryMs = 0;
  let timer: NodeJS.Timeout | null = null;
  let stopping = false;
  return {
    get applied() {
      return applier.applied;
    },
    highestSeries,
    readings,
    committed(journalId) {
      wanted = Math.max(wanted, journalId);
      schedule();
    },
    async open(id, reading, credit, send) {
      // Who asks for the newest samples means those of the journal too: a hub that starts after a crash.
      if (reading.kind === 'latest') await apply(Number.POSITIVE_INFINITY);
      await readings.open(id, reading, credit, send).finally(trimmer.soon);
    },
    perform,
    cancel(id) {
      const file = exporting.get(id);
      if (file === undefined) return;
      file.cancelled = true;
      file.connection?.interrupt();
    },
  };

  async function prepare(opened: Database): Promise<{ journal: JournalReader; applier: JournalApplier; archive: Archive; highestSeries: number }> {
    const reader = openedJournal();
    try {
      const journalApplier = await createJournalApplier(opened, reader, listener.onApplied);
      const { hotHours, hotSamplesMax, folder } = settings;
      const { describe, onDamaged } = listener;
      const aside = await asideFiles(folder);
      const files = await openArchive({ database: opened, applier: journalApplier, writing, calls, hotHours, hotSamplesMax, aside, describe, onDamaged });
      return { journal: reader, applier: journalApplier, archive: files, highestSeries: await highestOf(opened) };
    } catch (error: unknown) {
      reader.close();
      throw storageError(error, opened.file);
    }
  }

  function openedJournal(): JournalReader {
    try {
      return openJournal(settings.systemFile);
    } catch (error: unknown) {
      // Of another file: setting samples aside would not help.
      const { message, code } = storageError(error, settings.systemFile);
      throw new MusterError(code, message);
    }
  }

  function schedule(): void {
    if (timer !== null || stopping || wanted <= applier.applied) return;
    timer = setTimeout(
      () => {
        const target = wanted;
        apply(target).then(
          () => {
            // The journal ended before the target: there is nothing left to wait for.
            if (wanted === target) wanted = 0;
            timer = null;
            schedule();
          },
          () => {
            timer = null;
            schedule();
          },
        );
      },
      Math.max(retryMs, settings.applyIntervalMs),
    );
  }

  /** One at a time. A failure is told once per attempt and rejects who waits for this one. */
  async function apply(journalId: number): Promise<void> {
    await writing.run(async () => {
      try {
        await applier.applyUntil(journalId);
        retryMs = 0;
      } catch (cause: unknown) {
        const error = storageError(cause, database.file);
        retryMs = Math.min(Math.max(retryMs * 2, RETRY_FIRST_MS), RETRY_LAST_MS);
        listener.onFailing(error);
        wanted = Math.max(wanted, applier.applied + 1);
        schedule();
        throw error;
      }
    });
  }

  async function perform(task: Task, id: number): Promise<unknown> {
    if (task.kind !== 'flush') trimmer.soon();
    try {
      switch (task.kind) {
        case 'flush':
          return await apply(task.journalId);
        case 'holds':
          return await reading(async (connection) => {
            const { from, to } = task.range;
            const rows = await archive.reader.rows(connection, { from: edge(from), to: edge(to), series: null, condition: 'true' });
            return (await (await connection.run(`select 1 from (${rows}) limit 1`)).getRows()).length > 0;
          });
        case 'count':
          return await reading((connection) => archive.reader.count(connection, wantedOf(task.query)));
        case 'export':
          return await exportFile(task, id);
        case 'remove':
          return await archive.remove(task.series);
        case 'stats':
          return { ...(await archive.stats()), appliedJournalId: applier.applied };
        case 'compact':
          return await archive.compact(task.request);
        case 'retain':
          return await archive.retain(task.rules, task.mode);
        case 'verify':
          return await archive.verify();
        case 'stop':
          return await stop();
      }
    } catch (error: unknown) {
      throw storageError(error, database.file);
    }
  }

  async function exportFile({ query, path }: Extract<Task, { kind: 'export' }>, id: number): Promise<number> {
    const file: ExportedFile = { cancelled: false, connection: null };
    exporting.set(id, file);
    try {
      return await reading(async (connection) => {
        if (file.cancelled) throw new MusterError('interrupted', 'the export was broken off');
        file.connection = connection;
        return writeParquet(connection, query, path, (wanted) => archive.reader.rows(connection, wanted));
      });
    } finally {
      exporting.delete(id);
    }
  }

  async function reading<Value>(work: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
    return calls.run(async () => {
      if (stopping) throw new MusterError('stopping', 'The sample store is stopping');
      const connection = await database.connect();
      const running = archive.reader.reading(connection, () => work(connection));
      busy.set(connection, running);
      try {
        return await running;
      } finally {
        busy.delete(connection);
        connection.closeSync();
      }
    });
  }

  async function stop(): Promise<void> {
    stopping = true;
    if (timer !== null) clearTimeout(timer);
    trimmer.stop();
    await readings.stop();
    for (const connection of busy.keys()) connection.interrupt();
    await Promise.allSettled(busy.values());
    await archive.stop();
    try {
      // What cannot be applied stays in the journal, for the next start.
      await apply(Number.POSITIVE_INFINITY).catch(() => undefined);
      await database.close();
    } finally {
      journal.close();
    }
  }
}

async function highestOf({ writer }: Database): Promise<number> {
  const [row] = await (await writer.run('select greatest((select max(series) from samples), (select max(series) from newest))::double')).getRows();
  return Number(row?.[0] ?? 0);
}

/** After work the engine's allocator keeps what it had; once there was none for a moment, it gives it back. */
function createTrimmer(database: Database): { readonly soon: () => void; readonly stop: () => void } {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  return {
    soon() {
      if (stopped) return;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => {
        timer = null;
        // Without it there is only less memory for others.
        database.trim().catch(() => undefined);
      }, TRIM_AFTER_MS);
    },
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
