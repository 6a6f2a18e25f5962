import type { DuckDBConnection } from '@duckdb/node-api';
import { MusterError } from '../../../errors/muster-error.ts';
import type {
  CompactionRequest,
  CompactionResult,
  DamagedFile,
  RetentionResult,
  RetentionRules,
  SampleStoreStats,
  StoredSeries,
  VerifyResult,
} from '../../sample-store.ts';
import type { JournalApplier } from '../apply-journal.ts';
import type { Database } from '../database.ts';
import { transaction } from '../transaction.ts';
import { createTurns, type Turns } from '../turns.ts';
import { TIME_LIMIT } from '../wanted.ts';
import { type CompactionPorts, compactPeriod } from './compact-period.ts';
import { dueTargets, filedPeriods, hotHours, limitsOf } from './due.ts';
import { createFileLeases } from './file-leases.ts';
import { deleteDoomed, deleteFile, quoted, selectFiles } from './manifest.ts';
import { createNames } from './names.ts';
import { planCompaction } from './plan-compaction.ts';
import { type ArchiveReader, createArchiveReader } from './reader.ts';
import { retainSamples } from './retain.ts';
import { verifyFiles } from './verify.ts';

export interface ArchivePorts {
  readonly database: Database;
  readonly applier: JournalApplier;
  readonly writing: Turns;
  /** For long calls into the engine: they share a few threads with everything else that waits for a disk. */
  readonly calls: Turns;
  readonly hotHours: number;
  readonly hotSamplesMax: number;
  /** Damaged files that are out of the way already. */
  readonly aside: readonly DamagedFile[];
  readonly describe: (series: readonly number[]) => Promise<readonly StoredSeries[]>;
  readonly onDamaged: (file: DamagedFile) => void;
}

/** The files beside the hot table, and all that is done to them. */
export interface Archive {
  readonly reader: ArchiveReader;
  compact(request: CompactionRequest): Promise<CompactionResult>;
  retain(rules: RetentionRules, mode: 'count' | 'due' | 'all'): Promise<RetentionResult>;
  verify(): Promise<VerifyResult>;
  remove(series: readonly number[]): Promise<void>;
  stats(): Promise<Omit<SampleStoreStats, 'appliedJournalId'>>;
  /** Breaks off what runs. */
  stop(): Promise<void>;
}

export async function openArchive(ports: ArchivePorts): Promise<Archive> {
  const { database, applier, writing } = ports;
  const { writer, archive: folder } = database;
  const leases = createFileLeases((paths) => discard(paths));
  const reader = createArchiveReader(database, leases, ports.onDamaged);
  const names = createNames(database, writing, ports.describe);
  const working = new Map<DuckDBConnection, Promise<unknown>>();
  /** What changes files runs alone. */
  const alone = createTurns(1);
  const looked = new Map<number, number>();
  let stopping = false;
  let now = 0;

  const compaction: CompactionPorts = { database, withConnection: lengthy, applier, writing, leases, usable: reader.usable, now: () => now };

  await deleteDoomed(writer, folder);
  await reader.inspect(await selectFiles(writer), false);

  return {
    reader,
    compact: (request) => alone.run(() => compact(request).finally(leases.settled)),
    retain: (rules, mode) => alone.run(() => retain(rules, mode).finally(leases.settled)),
    verify: () => lengthy((connection) => verifyFiles(connection, folder, reader, leases)),
    remove: (series) => alone.run(() => writing.run(() => applier.remove(series))),
    stats,
    async stop() {
      stopping = true;
      for (const connection of working.keys()) connection.interrupt();
      await Promise.allSettled([...working.values(), alone.run(async () => undefined)]);
      await leases.settled();
    },
  };

  async function compact(request: CompactionRequest): Promise<CompactionResult> {
    now = request.now;
    const total = { samples: 0, filesWritten: 0, filesReplaced: 0, bytesWritten: 0, samplesKept: 0 };
    const limits = await withConnection((connection) => limitsOf(connection, request, ports));
    if (limits.hot) total.samplesKept += await names.learn(limits.closedBefore);
    const plan = await withConnection(async (connection) =>
      planCompaction(limits.hot ? await hotHours(connection, limits.closedBefore) : [], await filedPeriods(connection), limits),
    );
    for (const target of dueTargets(plan, request)) {
      if (stopping) break;
      const { written, replaced } = await compactPeriod(compaction, target.project, target.period);
      if (written.length === 0 && replaced.length === 0) total.samplesKept += target.hotRows;
      else total.samples += target.hotRows;
      total.filesWritten += written.length;
      total.filesReplaced += replaced.length;
      for (const { bytes } of written) total.bytesWritten += bytes;
    }
    // Gives the space of what left the hot table back.
    if (total.samples > 0 && !stopping) await writing.run(() => writer.run('checkpoint')).catch(() => undefined);
    return total;
  }

  async function retain(rules: RetentionRules, mode: 'count' | 'due' | 'all'): Promise<RetentionResult> {
    await names.learn(TIME_LIMIT);
    return retainSamples({ ...compaction, reader, isStopping: () => stopping, looked }, rules, mode);
  }

  async function stats(): Promise<Omit<SampleStoreStats, 'appliedJournalId'>> {
    return withConnection((connection) =>
      reader.reading(connection, async () => {
        const numbers = async (sql: string) => ((await (await connection.run(sql)).getRows())[0] ?? []).map((value) => (value === null ? null : Number(value)));
        const [hot, hotOldest, hotNewest] = await numbers('select count(*)::double, min(time)::double, max(time)::double from samples');
        const [count, rows, bytes, oldest, newest] = await numbers(
          'select count(*)::double, coalesce(sum(rows), 0)::double, coalesce(sum(bytes), 0)::double, min(time_min)::double, max(time_max)::double from files',
        );
        const samples = await reader.count(connection, { from: -TIME_LIMIT, to: TIME_LIMIT, series: null, condition: 'true' });
        const hotBytes = await database.bytes();
        return {
          samples,
          bytes: hotBytes + (bytes ?? 0),
          hot: { samples: hot ?? 0, bytes: hotBytes },
          files: { count: count ?? 0, samples: rows ?? 0, bytes: bytes ?? 0 },
          oldest: least(hotOldest ?? null, oldest ?? null, Math.min),
          newest: least(hotNewest ?? null, newest ?? null, Math.max),
          damaged: [...reader.damaged, ...ports.aside],
        };
      }),
    );
  }

  async function withConnection<Value>(work: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
    if (stopping) throw new MusterError('stopping', 'The sample store is stopping');
    const connection = await database.connect();
    const running = work(connection);
    working.set(connection, running);
    try {
      return await running;
    } finally {
      working.delete(connection);
      connection.closeSync();
    }
  }

  function lengthy<Value>(work: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
    return ports.calls.run(() => withConnection(work));
  }

  async function discard(paths: readonly string[]): Promise<void> {
    for (const path of paths) await deleteFile(folder, path);
    await writing.run(() => transaction(writer, () => writer.run(`delete from doomed where path in (${paths.map(quoted).join(',')})`)));
  }
}

function least(a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null {
  return a === null ? b : b === null ? a : choose(a, b);
}
