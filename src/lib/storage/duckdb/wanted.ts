import { MusterError } from '../../errors/muster-error.ts';
import type { TimeRange } from '../sample-store.ts';

/** Beyond every time of ECMAScript, and still exact. */
export const TIME_LIMIT = 9e15;

/** Which rows are wanted of both tiers. */
export interface Wanted {
  /** Whole ms, half-open. */
  readonly from: number;
  readonly to: number;
  /** Their ids when few enough to be literals; null: those that `condition` selects, or all. */
  readonly series: readonly number[] | null;
  /** Of a column `series`, for example `series in (1,2)`. */
  readonly condition: string;
  /** Numbers and booleans alone. */
  readonly numeric?: boolean;
}

/** Beyond so many they are told as ranges: a statement of a million numbers takes the engine longer to read than to answer. */
const LITERALS_MAX = 10_000;

/** What a query is about. */
export function wantedOf(query: TimeRange & { readonly series: readonly number[] }, numeric = false): Wanted {
  const series = [...new Set(query.series)];
  const range = { from: edge(query.from), to: edge(query.to), numeric };
  if (series.length > LITERALS_MAX) return { ...range, series: null, condition: `(${rangesOf(series)})` };
  return { ...range, series, condition: series.length === 0 ? 'false' : `series in (${seriesList(series)})` };
}

/** Those of a device, and of a project, were most often given one after the other. */
function rangesOf(series: readonly number[]): string {
  const sorted = Float64Array.from(series).sort();
  const ranges: string[] = [];
  const single: number[] = [];
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at] ?? 0;
    let last = first;
    for (at++; at < sorted.length && sorted[at] === last + 1; at++) last++;
    if (last - first < 2) for (let id = first; id <= last; id++) single.push(id);
    else ranges.push(`series between ${seriesList([first])} and ${last}`);
  }
  if (single.length > 0) ranges.push(`series in (${seriesList(single)})`);
  return ranges.join(' or ');
}

/** Series as literals: they are whole numbers, checked here. */
export function seriesList(series: readonly number[]): string {
  for (const id of series) if (!Number.isSafeInteger(id)) throw new MusterError('invalid', `${id} is not a series`);
  return series.join(',');
}

/** Bounds between two whole ms are moved to the next. */
export function edge(ms: number): number {
  if (Number.isNaN(ms)) throw new MusterError('invalid', 'The time range is not a number');
  return Math.ceil(Math.min(Math.max(ms, -TIME_LIMIT), TIME_LIMIT));
}
