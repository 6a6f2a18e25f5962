import type { SampleValue } from '../domain/value.ts';
import { type SampleColumns, sampleValueOf, TAG } from '../storage/sample-columns.ts';

/** The quality `good` in `flags`, and all of the bits that tell qualities apart. */
const GOOD = 0;
const QUALITY_MASK = 3;

/** A good number: its value is in `number` alone. */
export function isPlain(tag: number, flags: number): boolean {
  return tag === TAG.number && (flags & QUALITY_MASK) === GOOD;
}

/** What an evaluation is shown of a row. A sample that is not good is a sign of life and no value. */
export function shownValue(columns: SampleColumns, row: number): SampleValue {
  const tag = columns.tag[row] ?? 0;
  if (((columns.flags[row] ?? 0) & QUALITY_MASK) !== GOOD) return null;
  return sampleValueOf(tag, columns.number[row] ?? 0, tag < TAG.string ? null : textAt(columns.text, row));
}

function textAt(texts: SampleColumns['text'], row: number): string | null {
  let [low, high] = [0, texts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((texts[middle]?.[0] ?? 0) < row) low = middle + 1;
    else high = middle;
  }
  const found = texts[low];
  return found !== undefined && found[0] === row ? found[1] : null;
}

/** The first row from `begin` on whose column is at least `value`; the column rises between `begin` and `end`. */
export function firstAtLeast(column: Float64Array, value: number, begin: number, end: number): number {
  let [low, high] = [begin, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((column[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
