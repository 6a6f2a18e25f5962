import type { DuckDBConnection } from '@duckdb/node-api';
import { countSql } from '../queries.ts';
import type { Wanted } from '../wanted.ts';
import { type FileEntry, selectFiles } from './manifest.ts';
import { HOUR_MS } from './periods.ts';
import { filesCondition, wantedRows } from './sources.ts';

/** How many samples are wanted. Files that are wanted whole are not read: the manifest knows their rows. The connection must be in a transaction. */
export async function countWanted(connection: DuckDBConnection, folder: string, wanted: Wanted, usable: (file: FileEntry) => boolean): Promise<number> {
  const files = (await selectFiles(connection, filesCondition(wanted))).filter(usable);
  const isPartial = await partialFiles(connection, files, wanted);
  const whole = new Set(files.filter((file) => !isPartial(file)).map(({ path }) => path));
  const rest = await wantedRows(connection, folder, wanted, (file) => usable(file) && !whole.has(file.path));
  const [row] = await (await connection.run(countSql(rest))).getRows();
  return files.reduce((sum, { path, rows }) => sum + (whole.has(path) ? rows : 0), Number(row?.[0] ?? 0));
}

/** Which files hold something that is not wanted, or that counts elsewhere: beyond the range, of another series, removed, or written anew since. */
async function partialFiles(connection: DuckDBConnection, files: readonly FileEntry[], { from, to, condition }: Wanted): Promise<(file: FileEntry) => boolean> {
  const rows = async (sql: string) => (await connection.run(sql)).getRows();
  const others = new Map<string, number[]>();
  for (const [project, series] of await rows(`select project, series::double from names where not (${condition}) order by series`)) {
    const list = others.get(String(project)) ?? [];
    list.push(Number(series));
    others.set(String(project), list);
  }
  const removed = (await rows('select series::double, sequence::double from removed')).map(([series, sequence]) => [Number(series), Number(sequence)] as const);
  const hours = await lateHours(connection, files, condition);
  return ({ sequence, project, periodFrom, periodTo, seriesMin, seriesMax, timeMin, timeMax }) =>
    timeMin < from ||
    timeMax >= to ||
    hours.some((hour) => hour + HOUR_MS > periodFrom && hour < periodTo) ||
    (others.get(project) ?? []).some((series) => series >= seriesMin && series <= seriesMax) ||
    removed.some(([series, upTo]) => sequence <= upTo && series >= seriesMin && series <= seriesMax);
}

/** The hours, ms since 1970, in which something hot lies although files cover them. They are few, and found without a look at what is young. */
async function lateHours(connection: DuckDBConnection, files: readonly FileEntry[], condition: string): Promise<number[]> {
  if (files.length === 0) return [];
  // Periods are whole hours.
  const from = Math.min(...files.map(({ periodFrom }) => periodFrom));
  const to = Math.max(...files.map(({ periodTo }) => periodTo));
  const sql = `select distinct ((time - (${from})) // ${HOUR_MS})::double from samples where ${condition} and time >= ${from} and time < ${to}`;
  return (await (await connection.run(sql)).getRows()).map(([hour]) => from + Number(hour) * HOUR_MS);
}
