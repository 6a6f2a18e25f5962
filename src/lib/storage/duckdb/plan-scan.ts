import type { DuckDBConnection } from '@duckdb/node-api';
import type { ScanQuery, TimeRange } from '../sample-store.ts';
import { selectFiles } from './archive/manifest.ts';
import { HOUR_MS } from './archive/periods.ts';
import { filesCondition } from './archive/sources.ts';
import { wantedOf } from './wanted.ts';

/** About so many wanted samples lie from here to the next entry. */
interface Density {
  readonly at: number;
  readonly rows: number;
}

/**
 * Cuts the range of a scan into stretches of about `rowsMax` wanted samples, which the engine can sort in little memory. It cuts where files end, so
 * that each is read once; what is hot, it cuts by the hour. The connection must be in a transaction.
 */
export async function planScan(connection: DuckDBConnection, query: ScanQuery, rowsMax: number): Promise<TimeRange[]> {
  const wanted = wantedOf(query);
  if (wanted.from >= wanted.to) return [];
  const files = await selectFiles(connection, filesCondition(wanted));
  const share = await shareOf(connection, new Set(query.series).size);
  const filed = files.flatMap(({ periodFrom, periodTo, rows }) => [
    { at: periodFrom, rows: rows * share },
    { at: periodTo, rows: 0 },
  ]);
  const sql = `select (time - ((time % ${HOUR_MS}) + ${HOUR_MS}) % ${HOUR_MS})::double as hour, count(*)::double from samples
    where ${wanted.condition} and time >= ${wanted.from} and time < ${wanted.to} group by hour`;
  const hot = (await (await connection.run(sql)).getRows()).map(([hour, rows]) => ({ at: Number(hour), rows: Number(rows) }));
  // An hour inside of a file's period (late samples) goes with its file.
  const inFile = ({ at }: Density) => files.some(({ periodFrom, periodTo }) => at >= periodFrom && at < periodTo);
  return cut(wanted, [...filed, ...hot.filter((each) => !inFile(each))], rowsMax);
}

/** What part of a file's samples the wanted series have, about. */
async function shareOf(connection: DuckDBConnection, series: number): Promise<number> {
  const [row] = await (await connection.run('select count(*)::double from newest')).getRows();
  return Math.min(1, series / Math.max(1, Number(row?.[0] ?? 0)));
}

export function cut({ from, to }: TimeRange, densities: readonly Density[], rowsMax: number): TimeRange[] {
  const stretches: TimeRange[] = [];
  let begin = from;
  let rows = 0;
  for (const density of densities.toSorted((a, b) => a.at - b.at)) {
    const full = rows > 0 && rows + density.rows > rowsMax;
    if (full && density.at > begin && density.at < to) {
      stretches.push({ from: begin, to: density.at });
      begin = density.at;
      rows = 0;
    }
    rows += density.rows;
  }
  stretches.push({ from: begin, to });
  return stretches;
}
