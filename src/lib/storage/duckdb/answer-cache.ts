import { createHash } from 'node:crypto';
import type { Block } from './messages.ts';

/** Answers of queries that read files alone. Files never change once they have their name, so such a query, word for word, has one answer for ever. */
export interface AnswerCache {
  /** Copies, as the buffers of a block move to whoever takes it. */
  get(sql: string): Block[] | null;
  /** Collects what is sent of an answer; `keep` once it is whole. */
  collect(sql: string): { add(block: Block): void; keep(): void };
}

/** The longest unused one goes first. An answer above an eighth of `bytesMax` is not kept. */
export function createAnswerCache(bytesMax: number): AnswerCache {
  const answers = new Map<string, { readonly blocks: readonly Block[]; readonly bytes: number }>();
  let total = 0;
  return {
    get(sql) {
      const key = keyOf(sql);
      const found = answers.get(key);
      if (found === undefined) return null;
      answers.delete(key);
      answers.set(key, found);
      return found.blocks.map(shrunk);
    },
    collect(sql) {
      const blocks: Block[] = [];
      let bytes = 0;
      return {
        add(block) {
          // Copied only as long as the answer may still be kept.
          if (bytes > bytesMax / 8) return;
          bytes += bytesOf(block);
          blocks.push(shrunk(block));
        },
        keep() {
          const key = keyOf(sql);
          if (bytes > bytesMax / 8 || answers.has(key)) return;
          answers.set(key, { blocks, bytes });
          total += bytes;
          for (const [oldest, { bytes: freed }] of answers) {
            if (total <= bytesMax) break;
            answers.delete(oldest);
            total -= freed;
          }
        },
      };
    },
  };
}

/** A query names all its files: thousands of them would be most of what is kept. */
function keyOf(sql: string): string {
  return createHash('sha256').update(sql).digest('base64');
}

/** A copy of its rows, without the room for more that a block comes with. */
function shrunk({ columns, counts }: Block): Block {
  const { count, series, time, number, tag, flags, text } = columns;
  return {
    columns: {
      count,
      series: series.slice(0, count),
      time: time.slice(0, count),
      number: number.slice(0, count),
      tag: tag.slice(0, count),
      flags: flags.slice(0, count),
      text,
    },
    counts: counts?.slice(0, count) ?? null,
  };
}

const ROW_BYTES = 34;

function bytesOf({ columns }: Block): number {
  return 200 + columns.count * ROW_BYTES + columns.text.reduce((sum, [, text]) => sum + 2 * text.length + 50, 0);
}
