import type { SampleColumns } from '../sample-columns.ts';
import type { JournalReader } from '../system/journal-reader.ts';
import { appendKeys, appendSamples } from './append.ts';
import type { Database } from './database.ts';
import { planBatch } from './plan-batch.ts';
import { seriesList } from './queries.ts';
import { itemsOf } from './vectors.ts';

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
  /** Deletes whole series, what the journal still holds of them included. */
  remove(series: readonly number[]): Promise<void>;
}

export async function createJournalApplier(database: Database, journal: JournalReader, onApplied: (journalId: number) => void): Promise<JournalApplier> {
  const { writer } = database;
  const newest = await newestTimes(database);
  let applied = await appliedId(database);
  return {
    get applied() {
      return applied;
    },
    applyUntil,
    async remove(series) {
      await applyUntil(Number.POSITIVE_INFINITY);
      if (series.length === 0) return;
      await transaction(async () => {
        await writer.run(`delete from samples where series in (${seriesList(series)})`);
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
    const plan = planBatch(columns, newest);
    await transaction(async () => {
      if (plan.replace.length > 0) await deleteRows(columns, plan.replace);
      await appendSamples(writer, columns, plan.keep);
      await writer.run(`update state set applied = ${lastId}`);
    });
    for (const [series, time] of plan.newest) newest.set(series, time);
    applied = lastId;
    onApplied(lastId);
  }

  async function deleteRows(columns: SampleColumns, rows: readonly number[]): Promise<void> {
    await appendKeys(writer, columns, rows);
    // The bounds let the engine skip what is far from the late rows; the join alone would read the whole table.
    const times = rows.map((row) => columns.time[row] ?? 0).sort((a, b) => a - b);
    await writer.run(`
      delete from samples using replaced
      where samples.series = replaced.series and samples.time = replaced.time and samples.time between ${times[0] ?? 0} and ${times.at(-1) ?? 0}`);
    await writer.run('delete from replaced');
  }

  async function transaction(change: () => Promise<void>): Promise<void> {
    await writer.run('begin');
    try {
      await change();
      await writer.run('commit');
    } catch (error: unknown) {
      // A failed commit has undone itself; then this refuses, and the first error is the one to tell.
      await writer.run('rollback').catch(() => undefined);
      throw error;
    }
  }
}

async function appliedId(database: Database): Promise<number> {
  const [row] = await (await database.writer.run('select applied from state')).getRows();
  return Number(row?.[0] ?? 0);
}

async function newestTimes(database: Database): Promise<Map<number, number>> {
  const newest = new Map<number, number>();
  const result = await database.writer.stream('select series::double, max(time)::double from samples group by series');
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return newest;
    const series = itemsOf(chunk, 0, Float64Array);
    const times = itemsOf(chunk, 1, Float64Array);
    for (let row = 0; row < chunk.rowCount; row++) newest.set(series[row] ?? 0, times[row] ?? 0);
  }
}
