import type { Aggregate } from '../../domain/aggregate.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { AggregateQuery, SampleQuery } from '../sample-store.ts';
import { edge } from './wanted.ts';

/** Every query gives these columns, in this order; `series` and `time` as doubles, which hold them exactly and need no BigInt. */
const ROW = 's.series::double, s.time::double, s.number, s.text, s.tag, s.flags';
/** `rows`, here and below: a query of (series, time, number, text, tag, flags) that gives what `wantedOf` describes. */
export function readSql(query: SampleQuery, rows: string): string {
  const wanted = ranked(query.series, rows);
  const time = query.descending === true ? 's.time desc' : 's.time';
  const order = query.order === 'series' ? `${wanted.rank}, ${time}` : `${time}, ${wanted.rank}`;
  const limit = query.limit === undefined ? '' : ` limit ${whole('limit', query.limit)}`;
  return `select ${ROW} from ${wanted.source} order by ${order}${limit}`;
}

/** As `readSql`, and the number of samples behind each row as a seventh column. */
export function aggregateSql(query: AggregateQuery, rows: string): string {
  const wanted = ranked(query.series, rows);
  const { number, kept } = AGGREGATE_SQL[query.aggregate];
  const everyMs = query.everyMs === undefined ? null : whole('everyMs', query.everyMs);
  // One division for each sample, and the rest for each bucket: of a year of minutes, every step for each sample is milliseconds.
  const first = everyMs === null ? BigInt(edge(query.from)) : bucketStart(edge(query.from), everyMs, edge(query.originMs ?? 0));
  const bucket = everyMs === null ? '0::bigint' : `(s.time - (${first})) // ${everyMs}`;
  const value = kept === undefined ? `${number} as number` : `${kept} as v`;
  const shown = kept === undefined ? 'number::double, null::varchar, 0::utinyint' : 'coalesce(v.number, 0)::double, v.text, v.tag::utinyint';
  return `
    select series::double, (${first} + bucket * ${everyMs ?? 0})::double, ${shown}, 0::utinyint, samples::double from (
      select s.series as series, ${wanted.rank} as rank, ${bucket} as bucket, ${value}, count(*) as samples
      from ${wanted.source}
      group by all
    ) order by rank, bucket`;
}

/** Whether an aggregate leaves text and JSON out: then `rows` must not hold them. */
export function isNumeric(aggregate: Aggregate): boolean {
  return AGGREGATE_SQL[aggregate].numeric;
}

/** Numbers of one series, in the order in which they lie: by time within each file. */
export function numbersSql(rows: string): string {
  return `select s.time::double, s.number from (${rows}) s`;
}

/**
 * Of the hot table, and of what was filed: that is noted per series, so that no file need be read. Two queries, as the engine (1.5) stands
 * still for ever when it streams their union and both have many rows.
 */
export function latestSql(): readonly string[] {
  const hot = 'with hot as (select series, max(time) as time from samples group by series)';
  return [
    `${hot} select ${ROW} from samples s join hot on s.series = hot.series and s.time = hot.time
     where not exists (from newest f where f.series = s.series and f.time > s.time)`,
    `${hot} select ${ROW} from newest s where not exists (from hot where hot.series = s.series and hot.time >= s.time)`,
  ];
}

export function countSql(rows: string): string {
  return `select count(*)::double from (${rows}) s`;
}

const WHOLE = 'struct_pack(number := s.number, text := s.text, tag := s.tag)';

/**
 * `number`: the result is a number; `kept`: it is a sample's value, of whatever kind. A bucket of one sample has a standard deviation of 0, so that
 * a chart of it has no holes.
 */
const AGGREGATE_SQL: Readonly<Record<Aggregate, { readonly numeric: boolean; readonly number?: string; readonly kept?: string }>> = {
  avg: { numeric: true, number: 'avg(s.number)' },
  min: { numeric: true, number: 'min(s.number)' },
  max: { numeric: true, number: 'max(s.number)' },
  sum: { numeric: true, number: 'sum(s.number)' },
  stddev: { numeric: true, number: 'coalesce(stddev_samp(s.number), 0)' },
  median: { numeric: true, number: 'median(s.number)' },
  count: { numeric: false, number: 'count(*)' },
  first: { numeric: false, kept: `arg_min(${WHOLE}, s.time)` },
  last: { numeric: false, kept: `arg_max(${WHOLE}, s.time)` },
};

/** Of the bucket that holds `from`. Times of both ends of the calendar apart are more than a double holds. */
export function bucketStart(from: number, everyMs: number, originMs: number): bigint {
  const [every, time] = [BigInt(everyMs), BigInt(from)];
  const past = (time - BigInt(originMs)) % every;
  return time - (past < 0n ? past + every : past);
}

interface Ranked {
  readonly source: string;
  /** The expression that sorts by the order in which the series were asked for. */
  readonly rank: string;
}

function ranked(series: readonly number[], rows: string): Ranked {
  const unique = [...new Set(series)];
  const ascending = unique.every((id, index) => index === 0 || id > (unique[index - 1] ?? 0));
  if (ascending) return { source: `(${rows}) s`, rank: 's.series' };
  const values = unique.map((id, index) => `(${id}::bigint,${index})`).join(',');
  return { source: `(${rows}) s join (values ${values}) w(series, rank) on s.series = w.series`, rank: 'w.rank' };
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new MusterError('invalid', `${name} is ${value}, not a whole number above 0`);
  return value;
}
