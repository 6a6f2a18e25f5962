import { BIGINT, DOUBLE, type DuckDBConnection, DuckDBDataChunk, UTINYINT, VARCHAR } from '@duckdb/node-api';
import type { SampleColumns } from '../sample-columns.ts';
import { itemsOf, textsOf } from './vectors.ts';

const CHUNK_ROWS = 2048;
const TYPES = [BIGINT, BIGINT, DOUBLE, VARCHAR, UTINYINT, UTINYINT];
const WORD = 2 ** 32;

/** Appends rows to the table `samples`: all of them, or those of `keep`. Part of the connection's transaction. */
export async function appendSamples(connection: DuckDBConnection, columns: SampleColumns, keep: readonly number[] | null): Promise<void> {
  const appender = await connection.createAppender('samples');
  const texts = new Map(columns.text);
  // A chunk is used again as long as its text column stays all null: a null costs 110 ns, a number 3.
  let plain: SampleChunk | null = null;
  const rows = keep?.length ?? columns.count;
  try {
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, rows - from);
      const rowAt = keep === null ? (i: number) => from + i : (i: number) => keep[from + i] ?? 0;
      const found = textsIn(texts, rowAt, count);
      const chunk: SampleChunk = found === null ? (plain ?? createChunk(null)) : createChunk(found);
      if (found === null) plain = chunk;
      chunk.fill(columns, rowAt, count);
      appender.appendDataChunk(chunk.chunk);
    }
  } finally {
    appender.closeSync();
  }
}

/** Appends pairs of (series, time) to the temporary table `replaced`. */
export async function appendKeys(connection: DuckDBConnection, series: Float64Array, time: Float64Array): Promise<void> {
  const appender = await connection.createAppender('replaced');
  try {
    for (let from = 0; from < series.length; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, series.length - from);
      const chunk = DuckDBDataChunk.create([BIGINT, BIGINT], count);
      writeIntegers(chunk, 0, series, (i) => from + i, count);
      writeIntegers(chunk, 1, time, (i) => from + i, count);
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

interface SampleChunk {
  readonly chunk: DuckDBDataChunk;
  fill(columns: SampleColumns, rowAt: (i: number) => number, count: number): void;
}

function createChunk(found: readonly (string | null)[] | null): SampleChunk {
  const chunk = DuckDBDataChunk.create(TYPES, CHUNK_ROWS);
  const text = textsOf(chunk, 3);
  for (let i = 0; i < CHUNK_ROWS; i++) text.setItem(i, found?.[i] ?? null);
  text.flush();
  return {
    chunk,
    fill(columns, rowAt, count) {
      chunk.rowCount = CHUNK_ROWS;
      writeIntegers(chunk, 0, columns.series, rowAt, count);
      writeIntegers(chunk, 1, columns.time, rowAt, count);
      const number = itemsOf(chunk, 2, Float64Array);
      const tag = itemsOf(chunk, 4, Uint8Array);
      const flags = itemsOf(chunk, 5, Uint8Array);
      for (let i = 0; i < count; i++) {
        const row = rowAt(i);
        number[i] = columns.number[row] ?? 0;
        tag[i] = columns.tag[row] ?? 0;
        flags[i] = columns.flags[row] ?? 0;
      }
      for (const column of [2, 4, 5]) chunk.getColumnVector(column).flush();
      chunk.rowCount = count;
    },
  };
}

/** Whole numbers as the two words of a 64-bit integer: 3 ns each, and 43 by way of a BigInt. */
function writeIntegers(chunk: DuckDBDataChunk, column: number, values: Float64Array, rowAt: (i: number) => number, count: number): void {
  const items = itemsOf(chunk, column, BigInt64Array);
  const words = new Int32Array(items.buffer, items.byteOffset, items.length * 2);
  for (let i = 0; i < count; i++) {
    const value = values[rowAt(i)] ?? 0;
    const high = Math.floor(value / WORD);
    words[2 * i] = value - high * WORD;
    words[2 * i + 1] = high;
  }
  chunk.getColumnVector(column).flush();
}

function textsIn(texts: ReadonlyMap<number, string>, rowAt: (i: number) => number, count: number): (string | null)[] | null {
  if (texts.size === 0) return null;
  const found: (string | null)[] = [];
  let some = false;
  for (let i = 0; i < count; i++) {
    const text = texts.get(rowAt(i)) ?? null;
    some ||= text !== null;
    found.push(text);
  }
  return some ? found : null;
}
