import type { LatestValue, Point } from '../domain/point.ts';

/** A point in memory, with its newest value. Replaced whole when its definition changes. */
export interface PointEntry {
  point: Point;
  /** A copy; null: it has no value yet. */
  latest: LatestValue | null;
  /** Of `latest`, without copying it; minus infinity before the first. */
  readonly latestTime: number;
  /** The newest time that the hub itself gave to one of its samples, ms. */
  hubTime: number;
  /** False until the point's own row is on disk; it is written together with its first sample. */
  stored: boolean;
}
