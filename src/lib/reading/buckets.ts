import type { AggregateQuery, Bucket } from '../api/schema/samples.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { Aggregate } from '../domain/aggregate.ts';

export interface BucketQuery {
  readonly point: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly aggregate: Aggregate;
  readonly descending?: boolean;
}

/** Rows of one answer, about: a year of seconds is asked for in pieces. */
const ROWS_PER_ANSWER = 20_000;

/** Windows of [from, to) that begin at whole multiples of the width, so that no bucket is asked for twice. */
export function* windowsOf(from: number, to: number, everyMs: number, buckets: number, descending = false): Generator<{ from: number; to: number }> {
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
  const { from, to, everyMs, aggregate, descending = false } = query;
  const point = [...query.point];
  let next: number | null = null;
  for (const window of windowsOf(from, to, everyMs, ROWS_PER_ANSWER / Math.max(1, point.length), descending)) {
    if (next !== null && (descending ? window.from > next : window.to <= next)) continue;
    const { items } = await hub.aggregate(device, { point, ...window, everyMs, aggregate } satisfies AggregateQuery);
    // Sorting is stable: buckets of one time stay in the order of the points.
    yield* items.sort((one, other) => (descending ? other.time - one.time : one.time - other.time));
    if (items.length > 0) continue;
    const rest = descending ? { from, to: window.from } : { from: window.to, to };
    next = await firstTime(hub, device, { point, ...rest, order: descending ? 'desc' : 'asc' });
    if (next === null) return;
  }
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
