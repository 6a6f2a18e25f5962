import type { Point, Quality } from './point.ts';
import type { SampleValue } from './value.ts';

/** One value of one point at one time, resolved and allowed: what the hub stores. */
export interface Sample {
  readonly point: Point;
  /** ms since 1970, UTC. (point, time) is unique: the last write wins. */
  readonly time: number;
  readonly value: SampleValue;
  readonly quality: Quality;
  /** Older than the hub's `ingest.late-after` when it arrived. */
  readonly late: boolean;
}

export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last', 'stddev', 'median'] as const;
export type Aggregate = (typeof AGGREGATES)[number];
