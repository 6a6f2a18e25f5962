import { definitionOf } from './export-choice.ts';

const LINE_FEED = 0x0a;
const QUOTE = 0x22;

/** Counts the rows of an export as it flows by; null for a format that has no lines. */
export interface RowCounter {
  count(chunk: Uint8Array): void;
  rows(): number | null;
}

/** `whole`: the bytes begin at the file's beginning, so that a heading is no row. */
export function createRowCounter(format: string, whole: boolean): RowCounter {
  const { binary } = definitionOf(format);
  let lines = 0;
  let inside = false;
  const extra = format === 'csv' && whole ? 1 : format === 'json' ? 2 : 0;
  return {
    count(chunk) {
      if (binary) return;
      const quoted = format === 'csv' && (inside || chunk.includes(QUOTE));
      if (!quoted) {
        for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) lines += 1;
        return;
      }
      // A line feed between quotes belongs to a text.
      for (const byte of chunk) {
        if (byte === QUOTE) inside = !inside;
        else if (byte === LINE_FEED && !inside) lines += 1;
      }
    },
    rows: () => (binary ? null : Math.max(0, lines - extra)),
  };
}
