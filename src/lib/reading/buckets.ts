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

/** Buckets by time, then in the order of the points; in constant memory however many they are. */
export async function* bucketsByTime(hub: Pick<HubClient, 'aggregate'>, device: string, query: BucketQuery): AsyncGenerator<Bucket> {
  const { from, to, everyMs, aggregate, descending = false } = query;
  for (const window of windowsOf(from, to, everyMs, ROWS_PER_ANSWER / Math.max(1, query.point.length), descending)) {
    const { items } = await hub.aggregate(device, { point: [...query.point], ...window, everyMs, aggregate } satisfies AggregateQuery);
    // Sorting is stable: buckets of one time stay in the order of the points.
    yield* items.sort((one, other) => (descending ? other.time - one.time : one.time - other.time));
  }
}
