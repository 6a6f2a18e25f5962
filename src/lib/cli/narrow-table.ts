import type { Column } from './column.ts';

/** Cells between two columns. */
export const GAP = 2;

type Shape = Pick<Column<never>, 'name' | 'drop' | 'keep' | 'whole' | 'wrap'>;

/** Of its columns a sentence needs this much, or this part of a wide terminal; a text this much to be told from others. */
const SENTENCE_LEAST = 16;
const SENTENCE_SHARE = 0.22;
const TEXT_LEAST = 8;
/** An id or a code is cut only where nothing else is left to give, and never below this. */
const KEPT_LEAST = 20;
const LEAST = 4;

/** Which columns a terminal of this width shows, as indexes: those that matter least go until the others are readable. */
export function columnsWithRoom(
  columns: readonly Shape[],
  natural: readonly number[],
  cells: readonly (readonly string[])[],
  available: number,
): readonly number[] {
  const readable = readableWidths(natural, columns, available);
  let shown = columns.map((_, index) => index);
  for (const index of leastFirst(columns, cells)) {
    if (lineWidth(shown.map((one) => readable[one] ?? 0)) <= available) break;
    shown = shown.filter((one) => one !== index);
  }
  return shown;
}

/** First what says nothing in these rows, then by `drop`, then from the right. */
function leastFirst(columns: readonly Shape[], cells: readonly (readonly string[])[]): number[] {
  const idle = (index: number): boolean => cells.length > 0 && cells.every((row) => row[index] === '' || row[index] === row[0]);
  const rank = (index: number): number => (idle(index) ? 0 : (columns[index]?.drop ?? Number.MAX_SAFE_INTEGER));
  return columns
    .map((_, index) => index)
    .filter((index) => index > 0 && !columns[index]?.keep && !columns[index]?.wrap)
    .sort((one, other) => rank(one) - rank(other) || other - one);
}

/**
 * Takes cells from the widest columns until the line fits: first from those that stay readable with less, then from all. A line may
 * still be too long, where there are more columns than room.
 */
export function fitWidths(natural: readonly number[], columns: readonly Shape[], available: number): number[] {
  const least = columns.map((column, index) => Math.min(natural[index] ?? 0, isWhole(column, index) ? KEPT_LEAST : LEAST));
  return shrink(shrink(natural, readableWidths(natural, columns, available), available), least, available);
}

function readableWidths(natural: readonly number[], columns: readonly Shape[], available: number): number[] {
  return columns.map((column, index) => {
    const width = natural[index] ?? 0;
    if (isWhole(column, index)) return Math.min(width, Math.max(KEPT_LEAST, Math.floor(available * 0.6)));
    return Math.min(width, Math.max(column.name.length, column.wrap ? Math.max(SENTENCE_LEAST, Math.floor(available * SENTENCE_SHARE)) : TEXT_LEAST));
  });
}

function isWhole(column: Shape, index: number): boolean {
  return index === 0 || column.keep === true || column.whole === true;
}

function shrink(widths: readonly number[], floors: readonly number[], available: number): number[] {
  const result = [...widths];
  for (let excess = lineWidth(result) - available; excess > 0; excess -= 1) {
    let widest = -1;
    result.forEach((width, index) => {
      if (width > (floors[index] ?? 0) && width > (result[widest] ?? 0)) widest = index;
    });
    if (widest === -1) break;
    result[widest] = (result[widest] ?? 0) - 1;
  }
  return result;
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1);
}
