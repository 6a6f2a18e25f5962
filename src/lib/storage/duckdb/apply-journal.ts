import { MusterError } from '../../errors/muster-error.ts';
import type { SampleColumns } from '../sample-columns.ts';
import type { AppliedBatch } from '../sample-store.ts';
import type { JournalReader } from '../system/journal-reader.ts';
import { appendKeys, appendSamples } from './append.ts';
import type { Database } from './database.ts';
import { createNewestTimes, type NewestTimes } from './newest-times.ts';
import { planBatch } from './plan-batch.ts';
import { transaction } from './transaction.ts';
import { itemsOf } from './vectors.ts';
import { seriesList } from './wanted.ts';

/** Samples of one transaction: large enough that its fsync does not count, small enough to be read at once. */
const BATCH_SAMPLES = 65_536;

/**
 * Moves journal entries into the table `samples`. The id of the last entry is written in the same transaction as its samples:
 * whatever a crash leaves, the next start goes on right behind it.
 */
export interface JournalApplier {
  readonly applied: number;
  /** Applies entries until this one is in, or the journal ends. Calls must not overlap. */
  applyUntil(journalId: number): Promise<void>;
  /** Deletes whole series, what the journal still holds of them included. What files hold of them is not read any more. */
  remove(series: readonly number[]): Promise<void>;
  /** Notes what is applied from now on in this range of time, until its end. */
  watch(from: number, to: number): Watch;
  /** Puts (series, time) into the temporary table `replaced` of the writer. */
  loadKeys(keys: Keys): Promise<void>;
}

export interface Keys {
  readonly series: readonly number[];
  readonly time: readonly number[];
}

export interface Watch {
  /** Throws when more arrived than is worth remembering. */
  arrived(): Keys;
  end(): void;
}

/** Beyond it a compaction gives up and tries again later: the period is being filled. */
const WATCHED_MAX = 1_000_000;

export async function createJournalApplier(
  database: Database,
  journal: JournalReader,
  onApplied: (journalId: number, batch: AppliedBatch) => void,
): Promise<JournalApplier> {
  const { writer } = database;
  const newest = await newestTimes(database);
  const watches = new Set<(columns: SampleColumns) => void>();
  let applied = await appliedId(database);
  return {
    get applied() {
      return applied;
    },
    applyUntil,
    watch(from, to) {
      const series: number[] = [];
      const time: number[] = [];
      const see = (columns: SampleColumns) => {
        for (let i = 0; i < columns.count && series.length <= WATCHED_MAX; i++) {
          const at = columns.time[i] ?? 0;
          if (at < from || at >= to) continue;
          series.push(columns.series[i] ?? 0);
          time.push(at);
        }
      };
      watches.add(see);
      return {
        arrived() {
          if (series.length > WATCHED_MAX) throw new MusterError('overloaded', 'Too many samples arrived for the period that is being compacted');
          return { series, time };
        },
        end: () => void watches.delete(see),
      };
    },
    loadKeys: ({ series, time }) => appendKeys(writer, Float64Array.from(series), Float64Array.from(time)),
    async remove(series) {
      await applyUntil(Number.POSITIVE_INFINITY);
      if (series.length === 0) return;
      const list = seriesList(series);
      await transaction(writer, async () => {
        for (const table of ['samples', 'newest', 'names']) await writer.run(`delete from ${table} where series in (${list})`);
        await writer.run(`
          insert into removed select w.series, max(f.sequence) from (select unnest([${list}]::bigint[]) as series) w
          join files f on w.series between f.series_min and f.series_max group by w.series`);
      });
      for (const id of series) newest.delete(id);
    },
  };

  async function applyUntil(journalId: number): Promise<void> {
    while (applied < journalId) {
      const batch = journal.read(applied, BATCH_SAMPLES);
      if (batch === null) return;
      await apply(batch.columns, batch.lastId);
    }
  }

  async function apply(columns: SampleColumns, lastId: number): Promise<void> {
    const began = performance.now();
    const plan = planBatch(columns, newest);
    await transaction(writer, async () => {
      if (plan.replace.length > 0) await deleteRows(columns, plan.replace);
      await appendSamples(writer, columns, plan.keep);
      await writer.run(`update state set applied = ${lastId}`);
    });
    for (const see of watches) see(columns);
    for (const [series, time] of plan.newest) newest.set(series, time);
    applied = lastId;
    onApplied(lastId, { samples: columns.count, elapsedMs: performance.now() - began });
  }

  async function deleteRows(columns: SampleColumns, rows: readonly number[]): Promise<void> {
    const at = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] ?? 0);
    await appendKeys(writer, at(columns.series), at(columns.time));
    // The bounds let the engine skip what is far from the late rows; the join alone would read the whole table.
    const times = rows.map((row) => columns.time[row] ?? 0).sort((a, b) => a - b);
    await writer.run(`
      delete from samples using replaced
      where samples.series = replaced.series and samples.time = replaced.time and samples.time between ${times[0] ?? 0} and ${times.at(-1) ?? 0}`);
    await writer.run('delete from replaced');
  }
}

async function appliedId(database: Database): Promise<number> {
  const [row] = await (await database.writer.run('select applied from state')).getRows();
  return Number(row?.[0] ?? 0);
}

async function newestTimes(database: Database): Promise<NewestTimes> {
  const newest = createNewestTimes();
  const result = await database.writer.stream('select series::double, max(time)::double from samples group by series');
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return newest;
    const series = itemsOf(chunk, 0, Float64Array);
    const times = itemsOf(chunk, 1, Float64Array);
    for (let row = 0; row < chunk.rowCount; row++) newest.set(series[row] ?? 0, times[row] ?? 0);
  }
}
