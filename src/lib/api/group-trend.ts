import type { Aggregate, RollupAggregate } from '../domain/aggregate.ts';
import type { SeriesId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import { joined, numberOf } from './group-rollup.ts';
import { createNumberTally, type NumberTally } from './number-tally.ts';
import type { SampleReader } from './sample-reader.ts';
import type { GroupTrend } from './schema/groups.ts';

export interface TrendQuestion {
  readonly point: string;
  readonly from: number;
  readonly to: number;
  readonly everyMs?: number | undefined;
  readonly originMs?: number | undefined;
  /** Of the samples of one device in a bucket. */
  readonly within: Aggregate;
  /** Of the devices of a bucket. */
  readonly aggregate: RollupAggregate;
}

/** Rows of one reading of the store. */
const ROWS_MAX = 200_000;
/** Rows of one answer: devices times buckets. */
const ALL_ROWS_MAX = 10_000_000;

/**
 * A point of many devices over time. Each device is one number in each bucket, however often it reports, and those become one: a sum of powers is not
 * larger where meters report twice as often.
 */
export async function groupTrend(
  devices: Iterable<DeviceEntry>,
  { point, within, aggregate, ...range }: TrendQuestion,
  reader: SampleReader,
  signal: AbortSignal,
): Promise<Pick<GroupTrend, 'unit' | 'items'>> {
  const series: SeriesId[] = [];
  let unit: string | null | undefined;
  for (const { points } of devices) {
    const entry = points.get(point);
    if (entry === undefined) continue;
    series.push(entry.point.series);
    unit = joined(unit, entry.point.unit);
  }
  const { from, to, everyMs, originMs } = range;
  const buckets = everyMs === undefined ? 1 : Math.ceil((to - from) / everyMs) + 1;
  if (buckets > ROWS_MAX || buckets * series.length > ALL_ROWS_MAX)
    throw new MusterError('limit_reached', `${buckets} buckets of ${series.length} devices are more than one answer is made of (${ALL_ROWS_MAX})`, {
      hint: 'Take wider buckets, a shorter range, or a group below.',
    });
  series.sort((one, other) => one - other);
  const found = new Map<number, { readonly tally: NumberTally; count: number }>();
  const step = Math.max(1, Math.floor(ROWS_MAX / buckets));
  for (let begin = 0; begin < series.length; begin += step) {
    signal.throwIfAborted();
    const query = { series: series.slice(begin, begin + step), from, to, aggregate: within };
    const rows = await reader.aggregate({ ...query, ...(everyMs !== undefined && { everyMs }), ...(originMs !== undefined && { originMs }) }, signal);
    for (const { time, value, count } of rows) {
      const number = numberOf(value);
      if (number === null) continue;
      const bucket = found.get(time) ?? { tally: createNumberTally(aggregate), count: 0 };
      found.set(time, bucket);
      bucket.tally.add(number);
      bucket.count += count;
    }
  }
  const items = [...found]
    .sort(([one], [other]) => one - other)
    .map(([time, { tally, count }]) => ({ time, value: tally.value(), devices: tally.count, count }));
  return { unit: unit ?? null, items };
}
