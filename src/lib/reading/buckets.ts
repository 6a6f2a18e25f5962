import type { AggregateQuery, Bucket } from '../api/schema/samples.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { Aggregate } from '../domain/aggregate.ts';
import { instantOf, utcOf, wallOf } from '../domain/time-zone.ts';

export interface BucketQuery {
  readonly point: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly aggregate: Aggregate;
  readonly descending?: boolean;
  /** Buckets of whole days begin at midnight of this zone; absent: UTC. */
  readonly timezone?: string;
}

const DAY_MS = 86_400_000;
/** Rows of one answer, about: a year of seconds is asked for in pieces. */
const ROWS_PER_ANSWER = 20_000;

interface Window {
  readonly from: number;
  readonly to: number;
  /** null: the window is one bucket, longer or shorter than the others. */
  readonly everyMs: number | null;
  readonly originMs: number;
}

/**
 * Windows for buckets of whole days that begin at local midnight, counted from 1970. Those of one length go together; a bucket in which the clock
 * changes is an hour longer or shorter, and a window of its own.
 */
export function* localWindows(from: number, to: number, everyMs: number, timezone: string, buckets: number): Generator<Window> {
  const days = Math.round(everyMs / DAY_MS);
  const wall = wallOf(from, timezone);
  const number = Math.floor(utcOf({ ...wall, hour: 0, minute: 0, second: 0, millisecond: 0 }) / DAY_MS);
  const midnight = (day: number) => {
    const date = new Date(day * DAY_MS);
    return instantOf(
      { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour: 0, minute: 0, second: 0, millisecond: 0 },
      timezone,
    );
  };
  let day = Math.floor(number / days) * days;
  let start = midnight(day);
  while (start < to) {
    let end = midnight(day + days);
    const regular = end - start === everyMs;
    day += days;
    for (let count = 1; regular && count < buckets && end < to; count++) {
      const next = midnight(day + days);
      if (next - end !== everyMs) break;
      end = next;
      day += days;
    }
    yield { from: Math.max(from, start), to: Math.min(to, end), everyMs: regular ? everyMs : null, originMs: start };
    start = end;
  }
}

/** Windows of [from, to) that begin at whole multiples of the width, so that no bucket is asked for twice. */
function* windowsOf(from: number, to: number, everyMs: number, buckets: number, descending = false): Generator<{ from: number; to: number }> {
  const width = everyMs * Math.max(1, Math.floor(buckets));
  const first = Math.floor(from / everyMs) * everyMs;
  const count = Math.ceil((to - first) / width);
  for (let index = 0; index < count; index += 1) {
    const start = first + (descending ? count - 1 - index : index) * width;
    yield { from: Math.max(from, start), to: Math.min(to, start + width) };
  }
}

/**
 * Buckets by time, then in the order of the points; in constant memory however many they are. Where there is nothing, the next sample is
 * looked for, so that narrow buckets over a long and empty range cost two questions instead of thousands.
 */
export async function* bucketsByTime(hub: Pick<HubClient, 'aggregate' | 'samples'>, device: string, query: BucketQuery): AsyncGenerator<Bucket> {
  const { from, to, aggregate, descending = false } = query;
  const point = [...query.point];
  let next: number | null = null;
  const atOnce = ROWS_PER_ANSWER / Math.max(1, point.length);
  for (const window of allWindows(query, atOnce)) {
    if (next !== null && (descending ? window.from > next : window.to <= next)) continue;
    const { everyMs: width, originMs, ...range } = window;
    const buckets = width === null ? {} : { everyMs: width, ...(originMs === 0 ? {} : { originMs }) };
    const answer = await hub.aggregate(device, { point, ...range, ...buckets, aggregate } satisfies AggregateQuery);
    // A bucket begins where it begins, although the range cuts it; the answer to a single one says where the range does.
    const items = width === null ? answer.items.map((item) => ({ ...item, time: originMs })) : answer.items;
    // Sorting is stable: buckets of one time stay in the order of the points.
    yield* items.sort((one, other) => (descending ? other.time - one.time : one.time - other.time));
    if (items.length > 0) continue;
    const rest = descending ? { from, to: window.from } : { from: window.to, to };
    next = await firstTime(hub, device, { point, ...rest, order: descending ? 'desc' : 'asc' });
    if (next === null) return;
  }
}

/** Windows of so many buckets at most, that begin where buckets do. */
export function* allWindows(
  { from, to, everyMs, descending = false, timezone = 'UTC' }: Omit<BucketQuery, 'point' | 'aggregate'>,
  buckets: number,
): Generator<Window> {
  if (timezone === 'UTC' || everyMs % DAY_MS !== 0) {
    for (const window of windowsOf(from, to, everyMs, buckets, descending)) yield { ...window, everyMs, originMs: 0 };
    return;
  }
  const windows = [...localWindows(from, to, everyMs, timezone, Math.max(1, Math.floor(buckets)))];
  yield* descending ? windows.reverse() : windows;
}

async function firstTime(
  hub: Pick<HubClient, 'samples'>,
  device: string,
  query: { point: string[]; from: number; to: number; order: 'asc' | 'desc' },
): Promise<number | null> {
  if (query.from >= query.to) return null;
  for await (const { time } of hub.samples(device, query, { limit: 1 })) return time;
  return null;
}
