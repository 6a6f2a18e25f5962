import { rename, rm } from 'node:fs/promises';
import { BIGINT, type DuckDBConnection, DuckDBDataChunk, INTEGER, VARCHAR } from '@duckdb/node-api';
import { QUALITIES } from '../../domain/point.ts';
import { VALUE_TYPES } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { LATE_FLAG } from '../sample-columns.ts';
import type { SeriesName, TimeRange } from '../sample-store.ts';
import { rowGroupRows } from './row-groups.ts';
import { edge, type Wanted } from './wanted.ts';

const CHUNK_ROWS = 2048;
/** Beyond so many, files are not chosen by series. */
const LITERALS_MAX = 10_000;

/**
 * Columns: time (UTC, microseconds), device, point, value (double: numbers, booleans as 0 and 1, else null),
 * text (strings, JSON as its text, else null), kind, quality, late. The file appears under its name when it is whole.
 */
export async function writeParquet(
  connection: DuckDBConnection,
  query: TimeRange & { readonly names: readonly SeriesName[] },
  path: string,
  rowsOf: (wanted: Wanted) => Promise<string>,
): Promise<number> {
  if (path.includes('\0')) throw new MusterError('invalid', 'A path holds a zero byte');
  const unfinished = `${path}.unfinished`;
  await loadNames(connection, query.names);
  const series = query.names.length > LITERALS_MAX ? null : query.names.map((name) => name.series);
  const rows = await rowsOf({ from: edge(query.from), to: edge(query.to), series, condition: 'series in (select series from exported)' });
  try {
    const groupRows = await rowGroupRows(connection, rows);
    const result = await connection.run(`
      copy (
        select make_timestamptz(s.time * 1000) as time, n.device as device, n.point as point,
          case when s.tag <= 1 then s.number end as value, s.text as text,
          ${textOf('s.tag', VALUE_TYPES)} as kind, ${textOf('(s.flags & 3)', QUALITIES)} as quality, (s.flags & ${LATE_FLAG}) <> 0 as late
        from (${rows}) s join exported n on s.series = n.series
        order by n.rank, s.time
      ) to '${unfinished.replaceAll("'", "''")}' (format parquet, compression zstd, parquet_version v2, row_group_size ${groupRows})`);
    await rename(unfinished, path);
    return result.rowsChanged;
  } catch (error: unknown) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Sorted by (device, point) in the order of their UTF-8 bytes: sorting samples by that rank is cheaper than by two texts. */
async function loadNames(connection: DuckDBConnection, names: readonly SeriesName[]): Promise<void> {
  await connection.run('create or replace temp table exported(series bigint, rank integer, device varchar, point varchar)');
  const sorted = [...new Map(names.map((name) => [name.series, name])).values()].sort((a, b) => compare(a.device, b.device) || compare(a.point, b.point));
  const appender = await connection.createAppender('exported');
  try {
    for (let from = 0; from < sorted.length; from += CHUNK_ROWS) {
      const chunk = DuckDBDataChunk.create([BIGINT, INTEGER, VARCHAR, VARCHAR]);
      chunk.setRows(sorted.slice(from, from + CHUNK_ROWS).map((name, index) => [BigInt(name.series), from + index, name.device, name.point]));
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function textOf(expression: string, texts: readonly string[]): string {
  return `case ${expression} ${texts.map((text, index) => `when ${index} then '${text}'`).join(' ')} end`;
}
