import type { DuckDBConnection } from '@duckdb/node-api';
import type { CompactionRequest } from '../../sample-store.ts';
import { closedBefore, DAY_MS, HOUR_MS, periodOf } from './periods.ts';
import type { FiledPeriod, HotHour, Target } from './plan-compaction.ts';

/** Samples of one period's files: what is sorted at once, and written anew for a late sample. */
const FILE_SAMPLES_MAX = 4_000_000;
/** Late samples wait for more of their kind: a period is written anew for so many of a hundred that it holds, or after a day. */
const LATE_PERCENT = 2;

export interface CompactionLimits {
  readonly closedBefore: number;
  readonly rowsMax: number;
  /** Does the hot table hold anything before that? */
  readonly hot: boolean;
}

export async function limitsOf(
  connection: DuckDBConnection,
  { now, scope }: CompactionRequest,
  { hotHours: hours, hotSamplesMax }: { readonly hotHours: number; readonly hotSamplesMax: number },
): Promise<CompactionLimits> {
  const ask = async (sql: string) => Number((await (await connection.run(sql)).getRows())[0]?.[0] ?? 0);
  const thisHour = periodOf('hour', now);
  let closed = closedBefore(now, hours);
  if (scope === 'all') closed = thisHour.to;
  else if (scope !== 'due') closed = Math.max(closed, Math.min(thisHour.to, scope.day + DAY_MS));
  else if ((await ask('select count(*)::double from samples')) > hotSamplesMax) closed = Math.max(closed, thisHour.from);
  const hot = (await ask(`select 1 from samples where time < ${closed} limit 1`)) === 1;
  return { closedBefore: closed, rowsMax: FILE_SAMPLES_MAX, hot };
}

/** What lies in the hot table before this time, of series that have a name. */
export async function hotHours(connection: DuckDBConnection, before: number): Promise<HotHour[]> {
  const hour = `s.time - ((s.time % ${HOUR_MS}) + ${HOUR_MS}) % ${HOUR_MS}`;
  const sql = `select n.project, (${hour})::double as hour, count(*)::double from samples s join names n on s.series = n.series where s.time < ${before} group by all`;
  const rows = await (await connection.run(sql)).getRows();
  return rows.map(([project, from, count]) => ({ project: String(project), from: Number(from), rows: Number(count) }));
}

export async function filedPeriods(connection: DuckDBConnection): Promise<FiledPeriod[]> {
  const rows = await (
    await connection.run(`
      select project, period_from::double, period_to::double, sum(rows)::double, max(written)::double,
        bool_or(exists (from removed r where r.sequence >= files.sequence and r.series between series_min and series_max))
      from files group by project, period_from, period_to`)
  ).getRows();
  return rows.map(([project, from, to, count, written, removed]) => ({
    project: String(project),
    from: Number(from),
    to: Number(to),
    rows: Number(count),
    written: Number(written),
    hasRemoved: removed === true,
  }));
}

/** Those that something has to be done for, now. */
export function dueTargets(targets: readonly Target[], { now, scope }: CompactionRequest): Target[] {
  return targets.filter(({ period, hotRows, filedRows, filed }) => {
    if (typeof scope === 'object' && (period.from >= scope.day + DAY_MS || period.to <= scope.day)) return false;
    const [first] = filed;
    if (filed.length !== 1 || first === undefined) return true;
    if (hotRows === 0 && !first.hasRemoved) return false;
    if (first.from !== period.from || first.to !== period.to) return true;
    return scope !== 'due' || hotRows * 100 >= filedRows * LATE_PERCENT || now - first.written >= DAY_MS;
  });
}
