/** So many bytes in a row. */
const GRAM = 4;
const BITS = 17;
const SPACE = 32;

/**
 * Which runs of four bytes stand in a text: a bit for each, by its hash. A word with a run that is not there need not be looked for, and of a number with seven digits
 * hardly any block has all. Runs over spaces are left out: no word has any. 16 KB.
 */
export function createGrams(text: Uint8Array): Uint8Array {
  const bits = new Uint8Array(1 << (BITS - 3));
  let gram = 0;
  let run = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    gram = (gram << 8) | byte;
    run = byte <= SPACE ? 0 : run + 1;
    if (run < GRAM) continue;
    const bit = bitOf(gram);
    bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }
  return bits;
}

/** The bits of a word; none of one that is shorter than a run. */
export function gramsOf(word: Uint8Array): readonly number[] {
  const grams: number[] = [];
  let gram = 0;
  let run = 0;
  for (const byte of word) {
    gram = (gram << 8) | byte;
    run = byte <= SPACE ? 0 : run + 1;
    if (run >= GRAM) grams.push(bitOf(gram));
  }
  return grams;
}

/** false: the word is not there. true: it may be. */
export function hasGrams(bits: Uint8Array, grams: readonly number[]): boolean {
  for (const bit of grams) if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
  return true;
}

function bitOf(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> (32 - BITS);
}
