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
  const value = AGGREGATE_SQL[query.aggregate];
  const kind = value.numeric ? ' where s.tag <= 1' : '';
  const bucket = query.everyMs === undefined ? `${edge(query.from)}::bigint` : bucketStart(whole('everyMs', query.everyMs), edge(query.originMs ?? 0));
  return `
    select series::double, bucket::double, coalesce(v.number, 0)::double, v.text, v.tag::utinyint, 0::utinyint, samples::double from (
      select s.series as series, ${wanted.rank} as rank, ${bucket} as bucket, ${value.sql} as v, count(*) as samples
      from ${wanted.source}${kind}
      group by all
    ) order by rank, bucket`;
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
function bucketStart(everyMs: number, originMs: number): string {
  const from = originMs % everyMs;
  return `s.time - (((s.time - (${from})) % ${everyMs}) + ${everyMs}) % ${everyMs}`;
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
