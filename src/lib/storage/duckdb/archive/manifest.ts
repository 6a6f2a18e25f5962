import { readdir, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { transaction } from '../transaction.ts';
import { seriesList } from '../wanted.ts';
import type { Level } from './periods.ts';

/** One Parquet file, as the manifest knows it. */
export interface FileEntry {
  readonly sequence: number;
  readonly project: string;
  readonly level: Level;
  readonly periodFrom: number;
  readonly periodTo: number;
  /** Below the folder of the files, with slashes. */
  readonly path: string;
  readonly seriesMin: number;
  readonly seriesMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** ms since 1970 */
  readonly written: number;
}

const COLUMNS = [
  'sequence::double',
  'project',
  'level',
  'period_from::double',
  'period_to::double',
  'path',
  'series_min::double',
  'series_max::double',
  'time_min::double',
  'time_max::double',
  'rows::double',
  'bytes::double',
  'sha256',
  'written::double',
].join(', ');

/** The files that a condition selects, as the connection's transaction sees them. */
export async function selectFiles(connection: DuckDBConnection, condition = 'true'): Promise<FileEntry[]> {
  const rows = await (await connection.run(`select ${COLUMNS} from files where ${condition} order by period_from, sequence`)).getRows();
  return rows.map(
    ([sequence, project, level, periodFrom, periodTo, path, seriesMin, seriesMax, timeMin, timeMax, count, bytes, sha256, written]) =>
      ({
        sequence,
        project,
        level,
        periodFrom,
        periodTo,
        path,
        seriesMin,
        seriesMax,
        timeMin,
        timeMax,
        rows: count,
        bytes,
        sha256,
        written,
      }) as unknown as FileEntry,
  );
}

/** Which of these series were removed from files up to which sequence. */
export async function selectRemoved(connection: DuckDBConnection, series: readonly number[] | null): Promise<ReadonlyMap<number, number>> {
  const condition = series === null ? 'true' : `series in (${seriesList(series)})`;
  const rows = await (await connection.run(`select series::double, max(sequence)::double from removed where ${condition} group by series`)).getRows();
  return new Map(rows.map(([id, sequence]) => [Number(id), Number(sequence)]));
}

export function insertFileSql(file: FileEntry): string {
  const { sequence, level, periodFrom, periodTo, seriesMin, seriesMax, timeMin, timeMax, rows, bytes, sha256, written } = file;
  return `insert into files values (${sequence}, ${quoted(file.project)}, '${level}', ${periodFrom}, ${periodTo}, ${quoted(file.path)},
    ${seriesMin}, ${seriesMax}, ${timeMin}, ${timeMax}, ${rows}, ${bytes}, '${sha256}', ${written})`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Deletes what a crash left of files that never came in or were replaced. */
export async function deleteDoomed(connection: DuckDBConnection, folder: string): Promise<void> {
  const rows = await (await connection.run('select path from doomed')).getRows();
  if (rows.length === 0) return;
  for (const [path] of rows) await deleteFile(folder, String(path));
  await transaction(connection, () => connection.run('delete from doomed'));
}

export async function deleteFile(folder: string, path: string): Promise<void> {
  const file = join(folder, path);
  await rm(file, { force: true });
  await rm(unfinished(file), { force: true });
}

/** The name of a file that is being written. */
export function unfinished(file: string): string {
  return `${file}.unfinished`;
}

/** Paths below the folder that the manifest does not know. They are reported and left alone: a manifest can be lost, too. */
export async function unknownFiles(folder: string, known: readonly FileEntry[]): Promise<string[]> {
  const paths = new Set(known.map(({ path }) => path));
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
      .filter((path) => !paths.has(path))
      .sort();
  } catch {
    return [];
  }
}

/** What is wrong with a file without reading it; null: nothing. */
export async function glance(folder: string, file: FileEntry): Promise<string | null> {
  try {
    const { size } = await stat(join(folder, file.path));
    return size === file.bytes ? null : `has ${size} bytes instead of ${file.bytes}`;
  } catch (error: unknown) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : `cannot be read: ${(error as Error).message}`;
  }
}
