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
}

/** What a query is about. */
export function wantedOf(query: TimeRange & { readonly series: readonly number[] }): Wanted {
  const series = [...new Set(query.series)];
  return { from: edge(query.from), to: edge(query.to), series, condition: series.length === 0 ? 'false' : `series in (${seriesList(series)})` };
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
