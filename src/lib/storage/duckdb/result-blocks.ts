import type { DuckDBDataChunk } from '@duckdb/node-api';
import { MusterError } from '../../errors/muster-error.ts';
import { TAG } from '../sample-columns.ts';
import type { Block } from './messages.ts';
import { itemsOf, textsOf } from './vectors.ts';

const BLOCK_ROWS = 4096;
/** For who computes with millions: a message between threads costs as much as some thousand rows. */
export const SCAN_BLOCK_ROWS = 65_536;
/** UTF-16 units of text in one block, so that long texts do not make a block of gigabytes; one text may exceed it. */
const BLOCK_TEXT = 1_000_000;

/** The chunks of a result (columns as in queries.ts) as blocks that can be sent to another thread. Ends with the result. */
export async function* blocksOf(nextChunk: () => Promise<DuckDBDataChunk | null>, withCounts: boolean, blockRows = BLOCK_ROWS): AsyncGenerator<Block> {
  let builder = createBuilder(withCounts, blockRows);
  for (;;) {
    const chunk = await nextChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (let row = 0; row < chunk.rowCount; ) {
      row = builder.add(chunk, row);
      if (builder.full) {
        yield builder.block();
        builder = createBuilder(withCounts, blockRows);
      }
    }
  }
  if (!builder.empty) yield builder.block();
}

/** Numbers of one series as blocks. */
export function blocksOfNumbers(series: number, { time, number }: { readonly time: Float64Array; readonly number: Float64Array }): Block[] {
  const blocks: Block[] = [];
  for (let from = 0; from < time.length; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, time.length - from);
    const [times, numbers] = [time.slice(from, from + count), number.slice(from, from + count)];
    const columns = {
      count,
      series: new Float64Array(count).fill(series),
      time: times,
      number: numbers,
      tag: new Uint8Array(count),
      flags: new Uint8Array(count),
      text: [],
    };
    blocks.push({ columns, counts: null });
  }
  return blocks;
}

function createBuilder(withCounts: boolean, blockRows: number) {
  const series = new Float64Array(blockRows);
  const time = new Float64Array(blockRows);
  const number = new Float64Array(blockRows);
  const tag = new Uint8Array(blockRows);
  const flags = new Uint8Array(blockRows);
  const counts = withCounts ? new Float64Array(blockRows) : null;
  const text: [number, string][] = [];
  let count = 0;
  let textLength = 0;
  return {
    get empty() {
      return count === 0;
    },
    get full() {
      return count === blockRows || textLength >= BLOCK_TEXT;
    },
    /** Takes rows from this one on, as many as fit; returns the first that it did not take. */
    add(chunk: DuckDBDataChunk, from: number): number {
      let to = Math.min(chunk.rowCount, from + blockRows - count);
      const tags = itemsOf(chunk, 4, Uint8Array);
      const texts = textsOf(chunk, 3);
      for (let row = from; row < to; row++) {
        if ((tags[row] ?? 0) < TAG.string) continue;
        const found = texts.getItem(row);
        if (found === null) continue;
        text.push([count + row - from, found]);
        textLength += found.length;
        if (textLength >= BLOCK_TEXT) to = row + 1;
      }
      const numbers = itemsOf(chunk, 2, Float64Array).subarray(from, to);
      series.set(itemsOf(chunk, 0, Float64Array).subarray(from, to), count);
      time.set(itemsOf(chunk, 1, Float64Array).subarray(from, to), count);
      number.set(numbers, count);
      tag.set(tags.subarray(from, to), count);
      flags.set(itemsOf(chunk, 5, Uint8Array).subarray(from, to), count);
      if (counts !== null) {
        counts.set(itemsOf(chunk, 6, Float64Array).subarray(from, to), count);
        // Samples are finite; a sum of them need not be, and could not be written as JSON.
        if (!numbers.every(Number.isFinite)) throw new MusterError('invalid', 'The result is beyond the range of a number');
      }
      count += to - from;
      return to;
    },
    block(): Block {
      return { columns: { count, series, time, number, tag, flags, text }, counts };
    },
  };
}

/** The buffers of a block, to be moved and not copied. */
export function buffersOf(block: Block): ArrayBuffer[] {
  const { series, time, number, tag, flags } = block.columns;
  return [series, time, number, tag, flags, ...(block.counts === null ? [] : [block.counts])].map((column) => column.buffer as ArrayBuffer);
}
