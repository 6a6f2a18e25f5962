import type { Bucket } from '../api/schema/samples.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { bucketsByTime } from './buckets.ts';
import type { ChartBucket, ChartSeries } from './chart.ts';

export interface TrendPoint {
  readonly device: string;
  readonly point: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly valueType: string;
}

/** More lines than this in one picture tell nothing. */
export const TREND_POINTS_MAX = 16;
/** Buckets of one point: wider than any terminal, so that --json stays useful. */
const BUCKETS_MAX = 100_000;

/** The points to draw, in the order in which they are named. Throws when there is none, or one that is no number. */
export async function trendPoints(hub: HubClient, device: string, names: readonly string[]): Promise<readonly TrendPoint[]> {
  const { id } = await hub.devices.show(device);
  const points = new Map<string, TrendPoint>();
  for (const name of names) {
    const before = points.size;
    let matched = 0;
    for await (const { path, unit, decimals, valueType } of hub.points.list({ device: id, point: name }, { limit: 1000 })) {
      matched += 1;
      const drawable = valueType === 'number' || valueType === 'boolean';
      if (drawable) points.set(path, { device: id, point: path, unit, decimals, valueType });
      else if (path === name)
        throw new MusterError('usage', `${path} holds ${valueType} values: only numbers and booleans can be drawn.`, { hint: 'Read it with `muster query`.' });
    }
    if (matched === 0) throw new MusterError('not_found', `${device} has no point ${name}.`, { hint: 'List its points with `muster point list`.' });
    if (points.size === before && name.includes('*') && before === 0)
      throw new MusterError('usage', `No point of ${device} that matches ${name} holds numbers or booleans.`);
  }
  if (points.size > TREND_POINTS_MAX) {
    throw new MusterError('usage', `${points.size} points are too many for one chart.`, { hint: `Name ${TREND_POINTS_MAX} at most.` });
  }
  return [...points.values()];
}

const NICE_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 180_000, 300_000, 600_000, 900_000, 1_200_000,
  1_800_000, 3_600_000, 7_200_000, 10_800_000, 14_400_000, 21_600_000, 28_800_000, 43_200_000, 86_400_000,
] as const;

/** A round bucket width, so that `buckets` of them (one for each column of dots) span the range. */
export function bucketWidth(rangeMs: number, buckets: number): number {
  const atLeast = rangeMs / Math.max(1, buckets);
  return NICE_MS.find((width) => width >= atLeast) ?? Math.ceil(atLeast / 86_400_000) * 86_400_000;
}

/** Least, greatest and average of each bucket: three readings of the same range. */
export async function trendSeries(
  hub: Pick<HubClient, 'aggregate' | 'samples'>,
  points: readonly TrendPoint[],
  range: { readonly from: number; readonly to: number; readonly everyMs: number },
): Promise<readonly ChartSeries[]> {
  const { from, to, everyMs } = range;
  if (((to - from) / everyMs) * points.length > BUCKETS_MAX) {
    throw new MusterError('usage', `That is more than ${BUCKETS_MAX} buckets.`, {
      hint: 'Give a longer --every or a shorter range; `muster query` reads any number.',
    });
  }
  const first = points[0];
  if (first === undefined) return [];
  const point = points.map((one) => one.point);
  const [averages, least, greatest] = await Promise.all(
    (['avg', 'min', 'max'] as const).map((aggregate) => gather(bucketsByTime(hub, first.device, { point, from, to, everyMs, aggregate }))),
  );
  return points.map((one) => ({
    name: one.point,
    unit: one.unit,
    decimals: one.decimals,
    boolean: one.valueType === 'boolean',
    buckets: joinBuckets(averages?.get(one.point), least?.get(one.point), greatest?.get(one.point)),
  }));
}

async function gather(buckets: AsyncIterable<Bucket>): Promise<ReadonlyMap<string, Bucket[]>> {
  const byPoint = new Map<string, Bucket[]>();
  for await (const bucket of buckets) {
    const list = byPoint.get(bucket.point);
    if (list === undefined) byPoint.set(bucket.point, [bucket]);
    else list.push(bucket);
  }
  return byPoint;
}

/** A sample may arrive between the three readings: only buckets that all three know are drawn, with bounds that hold the average. */
export function joinBuckets(averages: readonly Bucket[] = [], least: readonly Bucket[] = [], greatest: readonly Bucket[] = []): ChartBucket[] {
  const minByTime = new Map(least.map(({ time, value }) => [time, Number(value)]));
  const maxByTime = new Map(greatest.map(({ time, value }) => [time, Number(value)]));
  const joined: ChartBucket[] = [];
  for (const { time, value, count } of averages) {
    const avg = Number(value);
    const min = minByTime.get(time);
    const max = maxByTime.get(time);
    if (min === undefined || max === undefined || !Number.isFinite(avg + min + max)) continue;
    joined.push({ time, min: Math.min(min, avg), max: Math.max(max, avg), avg, count });
  }
  return joined;
}
