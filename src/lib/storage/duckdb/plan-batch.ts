import type { SampleColumns } from '../sample-columns.ts';
import type { NewestTimes } from './newest-times.ts';

/** What has to happen so that (series, time) stays unique and the last write wins. */
export interface BatchPlan {
  /** The rows to append, in their order; null: all of them. */
  readonly keep: readonly number[] | null;
  /** Those rows of `keep` whose place may be taken already: what is there has to be deleted first. */
  readonly replace: readonly number[];
  /** The newest time per series of the batch where it is newer than before. */
  readonly newest: ReadonlyMap<number, number>;
}

/**
 * A row newer than all of its series needs no look at the table: that is the case of data in order, decided with one look
 * into a map. Only rows that are not newer are compared with each other (in the batch) and with the table (by a delete).
 */
export function planBatch(columns: SampleColumns, before: Pick<NewestTimes, 'get'>): BatchPlan {
  const newest = new Map<number, number>();
  const doubtful = new Set<number>();
  for (let i = 0; i < columns.count; i++) {
    const series = columns.series[i] ?? 0;
    const time = columns.time[i] ?? 0;
    const top = newest.get(series) ?? before.get(series);
    if (top === undefined || time > top) newest.set(series, time);
    else doubtful.add(series);
  }
  if (doubtful.size === 0) return { keep: null, replace: [], newest };
  return { ...resolve(columns, before, doubtful), newest };
}

function resolve(columns: SampleColumns, before: Pick<NewestTimes, 'get'>, doubtful: ReadonlySet<number>): Pick<BatchPlan, 'keep' | 'replace'> {
  const last = new Map<number, Map<number, number>>();
  for (const series of doubtful) last.set(series, new Map());
  for (let i = 0; i < columns.count; i++) last.get(columns.series[i] ?? 0)?.set(columns.time[i] ?? 0, i);
  const keep: number[] = [];
  const replace: number[] = [];
  for (let i = 0; i < columns.count; i++) {
    const series = columns.series[i] ?? 0;
    const time = columns.time[i] ?? 0;
    const winners = last.get(series);
    if (winners !== undefined && winners.get(time) !== i) continue;
    keep.push(i);
    if (winners !== undefined && time <= (before.get(series) ?? Number.NEGATIVE_INFINITY)) replace.push(i);
  }
  return { keep, replace };
}
