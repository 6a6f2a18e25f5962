import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QUALITIES } from '../../../domain/point.ts';
import { VALUE_TYPES } from '../../../domain/value.ts';
import { LATE_FLAG } from '../../sample-columns.ts';
import { rowGroupRows } from '../row-groups.ts';
import { type FileEntry, quoted, unfinished } from './manifest.ts';
import { folderOf, type Period, stampOf } from './periods.ts';

/** Digits after the point of a decimal value: one number for all files, so that readers of many need not reconcile their types. */
const SCALE = 8;
/** With 18 digits in all, less a margin for rounding. */
const DECIMAL_MAX = 9e9;
/** Share of exact values, in %, from which a series counts as decimal. */
const EXACT_PERCENT = 90;
/** Its dictionary holds numbers with so few digits as well as decimals would. */
const FEW_DIGITS = 3;

export interface WriteRequest {
  readonly folder: string;
  readonly project: string;
  readonly period: Period;
  /** A query of (series, time, number, text, tag, flags), each (series, time) once. */
  readonly rows: string;
  /** Gives the next sequence, and notes the path that belongs to it: whatever happens then, it is known what to delete. */
  readonly reserve: (pathOf: (sequence: number) => string) => Promise<number>;
  readonly now: number;
}

/**
 * Writes the rows as one file, or as two when some series are decimals and others need all bits of a double. Each is on disk, under its name, and
 * not yet in the manifest when this resolves.
 *
 * Columns: device, point, series, time (UTC), value, residue, text, kind, quality, late; sorted by (series, time). `value` is
 * DECIMAL(18,8) or DOUBLE; it is null for text and JSON. `residue` is what the decimal lacks of the stored double, null when nothing: value +
 * residue, both as doubles, is the stored number to its last bit. A negative zero, which neither a decimal nor a dictionary
 * of doubles keeps, has the residue -0.0.
 */
export async function writeFiles(connection: DuckDBConnection, request: WriteRequest): Promise<FileEntry[]> {
  const classes = await classify(connection, request.rows);
  const files: FileEntry[] = [];
  try {
    for (const decimal of classes) files.push(await writeFile(connection, request, decimal, classes.length > 1));
  } catch (error: unknown) {
    for (const { path } of files) await rm(join(request.folder, path), { force: true });
    throw error;
  }
  return files;
}

/** Sorts the series by how their values are kept best, into the table `kept`. Gives the kinds of files that are needed: decimal or not. */
async function classify(connection: DuckDBConnection, rows: string): Promise<boolean[]> {
  const exactAt = (scale: number) => `count(*) filter (tag = 0 and try_cast(number as decimal(18,${scale}))::double = number)`;
  await connection.run(`
    create or replace temp table kept as
    select series,
      coalesce(greatest >= ${DECIMAL_MAX} or exact * 100 < numbers * ${EXACT_PERCENT}, false) as as_double,
      few * 100 < numbers * ${EXACT_PERCENT} as as_decimal
    from (
      select series, count(*) filter (tag = 0) as numbers, ${exactAt(SCALE)} as exact, ${exactAt(FEW_DIGITS)} as few, max(abs(number)) filter (tag = 0) as greatest
      from (${rows}) group by series)`);
  const found = (await (await connection.run('select bool_or(as_double), bool_or(as_decimal and not as_double) from kept')).getRows())[0];
  const [doubles, decimals] = [found?.[0], found?.[1]];
  if (doubles === null || doubles === undefined) return [];
  // The others take any form, and go where they need no further file.
  if (doubles === true && decimals === true) return [true, false];
  return [decimals === true];
}

async function writeFile(connection: DuckDBConnection, request: WriteRequest, decimal: boolean, some: boolean): Promise<FileEntry> {
  const { folder, project, period, now } = request;
  const pathOf = (number: number) =>
    `project=${encodeURIComponent(project)}/${folderOf(period)}/${stampOf(period)}-${number}${decimal ? '.decimal' : ''}.parquet`;
  const sequence = await request.reserve(pathOf);
  const path = pathOf(sequence);
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  const draft = unfinished(file);
  try {
    const members = some ? ` where series in (select series from kept where ${decimal ? 'as_decimal and not as_double' : 'as_double or not as_decimal'})` : '';
    const groupRows = await rowGroupRows(connection, `select text from (${request.rows})${members}`);
    await connection.run(copySql(request.rows, members, decimal, draft, groupRows));
    const { bytes, sha256 } = await syncAndHash(draft);
    await rename(draft, file);
    await syncFolders(dirname(file), folder);
    return {
      sequence,
      project,
      level: period.level,
      periodFrom: period.from,
      periodTo: period.to,
      path,
      bytes,
      sha256,
      written: now,
      ...(await extent(connection, file)),
    };
  } catch (error: unknown) {
    await rm(draft, { force: true });
    await rm(file, { force: true });
    throw error;
  }
}

function copySql(rows: string, members: string, decimal: boolean, draft: string, groupRows: number): string {
  const exact = decimal ? `number::decimal(18,${SCALE})::double` : '(number + 0.0)';
  const value = decimal ? `number::decimal(18,${SCALE})` : 'number + 0.0';
  const residue = `case when tag > 1 then null when number = 0 and signbit(number) then -0.0::double when ${exact} <> number then number - ${exact} end`;
  return `
    copy (
      select n.device as device, n.point as point, s.series as series, make_timestamptz(s.time * 1000) as time,
        case when tag <= 1 then ${value} end as value, ${residue} as residue, text,
        ${textOf('tag', VALUE_TYPES)} as kind, ${textOf('(flags & 3)', QUALITIES)} as quality, (flags & ${LATE_FLAG}) <> 0 as late
      from (select * from (${rows})${members}) s join names n on s.series = n.series
      order by s.series, s.time
    ) to ${quoted(draft)} (format parquet, compression zstd, parquet_version v2, row_group_size ${groupRows}, write_bloom_filter false)`;
}

/** Of rows and their ranges, from the file's own statistics. */
export async function extent(connection: DuckDBConnection, file: string): Promise<Pick<FileEntry, 'rows' | 'seriesMin' | 'seriesMax' | 'timeMin' | 'timeMax'>> {
  const sql = `select count(*)::double, min(series)::double, max(series)::double, epoch_ms(min(time))::double, epoch_ms(max(time))::double from read_parquet(${quoted(file)}, hive_partitioning = false)`;
  const [row] = await (await connection.run(sql)).getRows();
  const [rows = 0, seriesMin = 0, seriesMax = 0, timeMin = 0, timeMax = 0] = (row ?? []).map(Number);
  return { rows, seriesMin, seriesMax, timeMin, timeMax };
}

async function syncAndHash(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hashOf(path);
}

export async function hashOf(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks) => {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}

/** A new name is on disk when its folder is, and a new folder when the one above is. */
async function syncFolders(from: string, upTo: string): Promise<void> {
  // Windows does not open folders, and does not need it.
  if (process.platform === 'win32') return;
  for (let folder = from; folder.length >= upTo.length; folder = dirname(folder)) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

function textOf(expression: string, texts: readonly string[]): string {
  return `case ${expression} ${texts.map((text, index) => `when ${index} then '${text}'`).join(' ')} end`;
}
