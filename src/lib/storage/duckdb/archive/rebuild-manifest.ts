import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Database } from '../database.ts';
import { transaction } from '../transaction.ts';
import { type FileEntry, insertFileSql } from './manifest.ts';
import { LEVELS, type Level, periodOf } from './periods.ts';
import { filedRows, isDecimal, parquet } from './sources.ts';
import { extent, hashOf } from './write-file.ts';

const PATH = /^project=([^/]+)\/(years|year|month|day)=[^/]+\/(\d{4})(\d{2})(\d{2})T(\d{2})0000Z-(\d+)(\.decimal)?\.parquet$/;

/**
 * Makes the manifest, the names and the newest samples anew from the Parquet files themselves. Where the files of a period overlap, as a
 * crash leaves them between a file and its successor, the newer is taken, and what only the older has becomes hot.
 */
export async function rebuildManifest(database: Database): Promise<void> {
  const { archive: folder, writer } = database;
  const found: FileEntry[] = [];
  for (const path of await parquetFiles(folder)) {
    const entry = await entryOf(writer, folder, path).catch(() => null);
    if (entry !== null) found.push(entry);
  }
  found.sort((a, b) => b.sequence - a.sequence);
  const taken: FileEntry[] = [];
  for (const file of found) {
    const newer = taken.filter((each) => each.project === file.project && each.periodFrom < file.periodTo && file.periodFrom < each.periodTo);
    const whole = { from: file.timeMin, to: file.timeMax + 1, series: null, condition: 'true' };
    const rows = await filedRows(writer, folder, [file], whole);
    if (newer.length > 0 && !(await arePair(writer, folder, file, newer))) {
      const known = await filedRows(writer, folder, newer, whole);
      await writer.run(`
        insert into samples select o.* from (${rows}) o anti join (${known}) n on o.series = n.series and o.time = n.time
        anti join samples s on o.series = s.series and o.time = s.time`);
      continue;
    }
    taken.push(file);
  }
  await transaction(writer, async () => {
    for (const file of taken) {
      await writer.run(insertFileSql(file));
      const project = file.project.replaceAll("'", "''");
      await writer.run(`
        insert into names select distinct series, '${project}', device, point from ${parquet(folder, [file])}
        where series not in (select series from names)`);
      const rows = await filedRows(writer, folder, [file], { from: file.timeMin, to: file.timeMax + 1, series: null, condition: 'true' });
      await writer.run(`
        create or replace temp table last_rows as
        select f.* from (${rows}) f join (select series, max(time) as time from (${rows}) group by series) m on f.series = m.series and f.time = m.time`);
      await writer.run('delete from last_rows using newest n where n.series = last_rows.series and n.time >= last_rows.time');
      await writer.run('delete from newest using last_rows c where newest.series = c.series');
      await writer.run('insert into newest from last_rows');
    }
    await writer.run('drop table if exists last_rows');
  });
  const highest = Math.max(0, ...found.map(({ sequence }) => sequence));
  await writer.run(`create or replace sequence file_sequence start ${highest + 1}`);
}

/** A period may have one file of decimals and one of doubles, written one after the other. */
async function arePair(connection: DuckDBConnection, folder: string, file: FileEntry, newer: readonly FileEntry[]): Promise<boolean> {
  const [other] = newer;
  if (newer.length !== 1 || other === undefined || other.sequence !== file.sequence + 1) return false;
  if (other.periodFrom !== file.periodFrom || other.periodTo !== file.periodTo || isDecimal(other) === isDecimal(file)) return false;
  const sql = `select 1 from (select distinct series from ${parquet(folder, [file])}) a join (select distinct series from ${parquet(folder, [other])}) b using (series) limit 1`;
  return (await (await connection.run(sql)).getRows()).length === 0;
}

async function entryOf(connection: DuckDBConnection, folder: string, path: string): Promise<FileEntry | null> {
  const [, project = '', unit = '', year = '', month = '', day = '', hour = '', sequence = ''] = PATH.exec(path) ?? [];
  if (sequence === '') return null;
  const from = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour));
  const file = join(folder, path);
  const measured = await extent(connection, file);
  const level = levelOf(unit, from, measured.timeMax);
  const period = periodOf(level, from);
  const { bytes, sha256 } = await hashOf(file);
  return {
    sequence: Number(sequence),
    project: decodeURIComponent(project),
    level,
    periodFrom: period.from,
    periodTo: period.to,
    path,
    bytes,
    sha256,
    written: 0,
    ...measured,
  };
}

/** Files of a day and those of its hours lie in one folder: that of a day begins at midnight, as the first hour does. */
function levelOf(unit: string, from: number, newest: number): Level {
  if (unit === 'years') return 'decade';
  const named = LEVELS.find((level) => level === unit) ?? 'day';
  if (named !== 'day') return named;
  const hour = periodOf('hour', from);
  return newest < hour.to ? 'hour' : 'day';
}

async function parquetFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
}
