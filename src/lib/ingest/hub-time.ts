import type { PointEntry } from '../fleet/directory.ts';

/**
 * Values without a time of their own that come in the same millisecond get a time each, so the hub's times of a point run ahead of its clock while
 * it gets more than 1,000 of them in a second: by this much at most. Beyond it, a stored time is taken for a device's own.
 */
export const HUB_TIME_LEAD_MAX_MS = 60_000;

/** Two values without a time of their own in the same millisecond are two samples: the hub's time of a point always moves on. */
export function nextHubTime(entry: PointEntry, now: number): number {
  entry.hubTime = Math.max(now, entry.hubTime + 1);
  return entry.hubTime;
}
