import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QUALITIES } from '../../../domain/point.ts';
import { VALUE_TYPES } from '../../../domain/value.ts';
import { LATE_FLAG } from '../../sample-columns.ts';
import type { Wanted } from '../wanted.ts';
import { type FileEntry, quoted, selectFiles, selectRemoved } from './manifest.ts';

const HOT = 'select series, time, number, text, tag, flags from samples';

/** Where wanted rows lie; each part is a query of (series, time, number, text, tag, flags). */
export interface WantedTiers {
  /** Both together. */
  readonly all: string;
  /** What is filed, by itself; null: no file matches. */
  readonly filed: string | null;
  /** Before this time (ms, exclusive) `filed` gives all there is: nothing hot is as old. `wanted.from` when that is not so. */
  readonly filedTo: number;
}

/**
 * Each (series, time) stands in `all` once: what is hot is newer. The connection must be in a transaction, so that the manifest and the hot table
 * are of the same moment.
 */
export async function wantedTiers(connection: DuckDBConnection, folder: string, wanted: Wanted, usable: (file: FileEntry) => boolean): Promise<WantedTiers> {
  const hot = `${HOT} where ${wanted.condition} and time >= ${wanted.from} and time < ${wanted.to}${wanted.numeric === true ? ' and tag <= 1' : ''}`;
  const files = (await selectFiles(connection, filesCondition(wanted))).filter(usable);
  if (files.length === 0) return { all: hot, filed: null, filedTo: wanted.from };
  const filed = await filedRows(connection, folder, files, wanted);
  const to = Math.min(wanted.to, Math.max(...files.map(({ periodTo }) => periodTo)));
  const late = `select series, time from samples where ${wanted.condition} and time >= ${wanted.from} and time < ${to}`;
  const [found] = await (await connection.run(`select 1 from (${late} limit 1)`)).getRows();
  // Most often nothing hot lies in a period that has its files, and then no row can stand in both.
  if (found === undefined) return { all: to === wanted.to ? filed : `${hot} union all ${filed}`, filed, filedTo: to };
  return { all: `${hot} union all select f.* from (${filed}) f anti join (${late}) h on f.series = h.series and f.time = h.time`, filed, filedTo: wanted.from };
}

export async function wantedRows(connection: DuckDBConnection, folder: string, wanted: Wanted, usable: (file: FileEntry) => boolean): Promise<string> {
  return (await wantedTiers(connection, folder, wanted, usable)).all;
}

/** Of a file that may hold wanted rows. */
export function filesCondition({ from, to, series }: Wanted): string {
  const time = `time_min < ${to} and time_max >= ${from}`;
  if (series === null || series.length === 0) return time;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const id of series) {
    if (id < min) min = id;
    if (id > max) max = id;
  }
  return `${time} and series_min <= ${max} and series_max >= ${min}`;
}

/** Rows of files without a look at the hot table; what was removed from them is left out. */
export async function filedRows(connection: DuckDBConnection, folder: string, files: readonly FileEntry[], wanted: Wanted): Promise<string> {
  const removed = await selectRemoved(connection, wanted.series);
  const groups = new Map<string, FileEntry[]>();
  for (const file of files) {
    const gone = [...removed].filter(([, sequence]) => sequence >= file.sequence).map(([series]) => series);
    const key = `${isDecimal(file)} ${gone.join(',')}`;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const range = `time >= ${timestamp(wanted.from)} and time < ${timestamp(wanted.to)}`;
  const parts = [...groups].map(([key, members]) => {
    const gone = key.split(' ')[1] ?? '';
    const alive = gone === '' ? '' : ` and series not in (${gone})`;
    // Only text and JSON have no value; the column `kind` need not be read for that.
    const numeric = wanted.numeric === true ? ' and value is not null' : '';
    return `select ${DECODED} from ${parquet(folder, members)} where ${wanted.condition} and ${range}${alive}${numeric}`;
  });
  return parts.join(' union all ');
}

/** Value columns of one type per call: the engine takes the types of the first file for all. */
export function parquet(folder: string, files: readonly FileEntry[]): string {
  return `read_parquet([${files.map(({ path }) => quoted(join(folder, path))).join(',')}], hive_partitioning = false)`;
}

export function isDecimal({ path }: FileEntry): boolean {
  return path.endsWith('.decimal.parquet');
}

/** See write-file.ts for what a residue is. */
const NUMBER = 'case when residue is null then coalesce(value::double, 0) when value = 0 then residue else value::double + residue end';
const DECODED = `series, epoch_ms(time) as time, ${NUMBER} as number, text, ${indexOf('kind', VALUE_TYPES)} as tag,
  (${indexOf('quality', QUALITIES)} + case when late then ${LATE_FLAG} else 0 end)::utinyint as flags`;

function indexOf(column: string, texts: readonly string[]): string {
  return `(case ${column} ${texts.map((text, index) => `when '${text}' then ${index}`).join(' ')} end)::utinyint`;
}

/** A literal that the engine compares with the column's statistics. */
function timestamp(ms: number): string {
  return `make_timestamptz(${BigInt(ms) * 1000n})`;
}
