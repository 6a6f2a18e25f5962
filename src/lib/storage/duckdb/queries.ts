import type { Aggregate } from '../../domain/aggregate.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { AggregateQuery, SampleQuery, TimeRange } from '../sample-store.ts';

/** Every query gives these columns, in this order; `series` and `time` as doubles, which hold them exactly and need no BigInt. */
const ROW = 's.series::double, s.time::double, s.number, s.text, s.tag, s.flags';
/** Beyond every time of ECMAScript, and still exact. */
const TIME_LIMIT = 9e15;

export function readSql(query: SampleQuery): string {
  const wanted = wantedSeries(query.series);
  const time = query.descending === true ? 's.time desc' : 's.time';
  const order = query.order === 'series' ? `${wanted.rank}, ${time}` : `${time}, ${wanted.rank}`;
  const limit = query.limit === undefined ? '' : ` limit ${whole('limit', query.limit)}`;
  return `select ${ROW} from ${wanted.source} where ${wanted.condition} and ${within(query)} order by ${order}${limit}`;
}

/** As `readSql`, and the number of samples behind each row as a seventh column. */
export function aggregateSql(query: AggregateQuery): string {
  const wanted = wantedSeries(query.series);
  const value = AGGREGATE_SQL[query.aggregate];
  const kind = value.numeric ? ' and s.tag <= 1' : '';
  const bucket = query.everyMs === undefined ? `${edge(query.from)}::bigint` : bucketStart(whole('everyMs', query.everyMs));
  return `
    select series::double, bucket::double, coalesce(v.number, 0)::double, v.text, v.tag::utinyint, 0::utinyint, samples::double from (
      select s.series as series, ${wanted.rank} as rank, ${bucket} as bucket, ${value.sql} as v, count(*) as samples
      from ${wanted.source} where ${wanted.condition} and ${within(query)}${kind}
      group by all
    ) order by rank, bucket`;
}

export function latestSql(): string {
  return `select ${ROW} from samples s join (select series, max(time) as time from samples group by series) n on s.series = n.series and s.time = n.time`;
}

export function countSql(query: TimeRange & { readonly series: readonly number[] }): string {
  return `select count(*)::double from samples s where s.series in (${seriesList(query.series)}) and ${within(query)}`;
}

/** Series as literals: they are whole numbers, checked here. */
export function seriesList(series: readonly number[]): string {
  for (const id of series) if (!Number.isSafeInteger(id)) throw new MusterError('invalid', `${id} is not a series`);
  return series.join(',');
}

/** Half-open range of whole ms; bounds between two of them are moved to the next. */
export function within(range: TimeRange): string {
  return `s.time >= ${edge(range.from)} and s.time < ${edge(range.to)}`;
}

const numeric = (sql: string) => ({ numeric: true, sql: `struct_pack(number := ${sql}, text := null::varchar, tag := 0)` });
const whole_ = 'struct_pack(number := s.number, text := s.text, tag := s.tag)';

/** A bucket of one sample has a standard deviation of 0, so that a chart of it has no holes. */
const AGGREGATE_SQL: Readonly<Record<Aggregate, { readonly numeric: boolean; readonly sql: string }>> = {
  avg: numeric('avg(s.number)'),
  min: numeric('min(s.number)'),
  max: numeric('max(s.number)'),
  sum: numeric('sum(s.number)'),
  stddev: numeric('coalesce(stddev_samp(s.number), 0)'),
  median: numeric('median(s.number)'),
  count: { ...numeric('count(*)'), numeric: false },
  first: { numeric: false, sql: `arg_min(${whole_}, s.time)` },
  last: { numeric: false, sql: `arg_max(${whole_}, s.time)` },
};

/** The remainder of the engine has the sign of the time; a bucket before 1970 starts below its samples all the same. */
function bucketStart(everyMs: number): string {
  return `s.time - ((s.time % ${everyMs}) + ${everyMs}) % ${everyMs}`;
}

interface WantedSeries {
  readonly source: string;
  readonly condition: string;
  /** The expression that sorts by the order in which the series were asked for. */
  readonly rank: string;
}

function wantedSeries(series: readonly number[]): WantedSeries {
  const unique = [...new Set(series)];
  const list = seriesList(unique);
  const ascending = unique.every((id, index) => index === 0 || id > (unique[index - 1] ?? 0));
  if (ascending) return { source: 'samples s', condition: `s.series in (${list})`, rank: 's.series' };
  const values = unique.map((id, index) => `(${id}::bigint,${index})`).join(',');
  return { source: `samples s join (values ${values}) w(series, rank) on s.series = w.series`, condition: 'true', rank: 'w.rank' };
}

function edge(ms: number): number {
  if (Number.isNaN(ms)) throw new MusterError('invalid', 'The time range is not a number');
  return Math.ceil(Math.min(Math.max(ms, -TIME_LIMIT), TIME_LIMIT));
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new MusterError('invalid', `${name} is ${value}, not a whole number above 0`);
  return value;
}
