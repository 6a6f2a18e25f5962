import type { DuckDBConnection } from '@duckdb/node-api';

/** Small enough for a year of minutes of one series to be found in a handful of them. */
const ROWS_MAX = 122_880;
const ROWS_MIN = 2_048;
/** The writer holds a group whole, once per thread: with long texts, 122,880 rows were gigabytes, and the engine gave up. */
const BYTES_MAX = 32 * 1024 * 1024;
const ROW_BYTES = 64;

/** Rows of a group, for rows of (text, ...): a multiple of what the engine handles at once. */
export async function rowGroupRows(connection: DuckDBConnection, rows: string): Promise<number> {
  const [row] = await (await connection.run(`select count(*)::double, coalesce(sum(strlen(text)), 0)::double from (${rows})`)).getRows();
  const [count, bytes] = [Number(row?.[0] ?? 0), Number(row?.[1] ?? 0)];
  if (bytes === 0) return ROWS_MAX;
  const wanted = BYTES_MAX / (bytes / count + ROW_BYTES);
  return Math.max(ROWS_MIN, Math.min(ROWS_MAX, Math.floor(wanted / ROWS_MIN) * ROWS_MIN));
}
