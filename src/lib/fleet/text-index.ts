import { randomBytes } from 'node:crypto';

/** Above this many entries they are spread over several tables. */
const WHOLE_MAX = 16_384;
const PART_BITS = 7;
const SLOTS_AT_FIRST = 16;

/**
 * Finds numbers by texts that whoever owns the numbers keeps: a hash table of numbers alone. For a million ids a `Map` takes three times the memory and four times
 * the time, is looked through by each garbage collection, and stops the event loop for half a second when it grows; this one grows in parts, a fraction of a ms each.
 */
export class TextIndex {
  readonly #textOf: (item: number) => string;
  #parts: readonly Part[];
  #shift = 32;
  #size = 0;

  /** `textOf`: the text under which a number was added; asked only for numbers that are in it. */
  constructor(textOf: (item: number) => string) {
    this.#textOf = textOf;
    this.#parts = [new Part()];
  }

  get size(): number {
    return this.#size;
  }
  /** -1: there is none. */
  find(text: string): number {
    const hash = hashOf(text);
    const { table } = this.#partOf(hash);
    return (table[this.#slotOf(table, text, hash) + 1] as number) - 1;
  }
  /** Gives the number that had the text until now; -1: none had. */
  put(text: string, item: number): number {
    const hash = hashOf(text);
    const part = this.#partOf(hash);
    const slot = this.#slotOf(part.table, text, hash);
    const before = part.table[slot + 1] as number;
    part.table[slot] = hash;
    part.table[slot + 1] = item + 1;
    if (before === 0) {
      this.#size += 1;
      part.size += 1;
      if (this.#size > WHOLE_MAX && this.#parts.length === 1) this.#spread(part);
      else if (part.size * 3 > part.table.length) grow(part);
    }
    return before - 1;
  }
  /** Gives the number that had it; -1: none had. */
  remove(text: string): number {
    const hash = hashOf(text);
    const part = this.#partOf(hash);
    const slot = this.#slotOf(part.table, text, hash);
    const before = part.table[slot + 1] as number;
    if (before === 0) return -1;
    close(part.table, slot);
    part.size -= 1;
    this.#size -= 1;
    return before - 1;
  }

  #partOf(hash: number): Part {
    // A shift by 32 is one by 0: there is one part then.
    return this.#parts[this.#shift === 32 ? 0 : hash >>> this.#shift] as Part;
  }
  /** Where the text stands, or would stand. */
  #slotOf(table: Int32Array, text: string, hash: number): number {
    const mask = table.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const item = table[slot + 1] as number;
      if (item === 0 || (table[slot] === hash && this.#textOf(item - 1) === text)) return slot;
      slot = (slot + 2) & mask;
    }
  }
  #spread(whole: Part): void {
    this.#shift = 32 - PART_BITS;
    this.#parts = Array.from({ length: 1 << PART_BITS }, () => new Part());
    for (let slot = 0; slot < whole.table.length; slot += 2) {
      const item = whole.table[slot + 1] as number;
      if (item === 0) continue;
      const hash = whole.table[slot] as number;
      const part = this.#partOf(hash);
      append(part.table, hash, item);
      part.size += 1;
      if (part.size * 3 > part.table.length) grow(part);
    }
  }
}

/** Open addressing, linear probing, at most two thirds full. A slot is two numbers side by side: a hash, and an item and one; 0 is nothing. */
class Part {
  table = new Int32Array(SLOTS_AT_FIRST * 2);
  size = 0;
}

function grow(part: Part): void {
  const { table } = part;
  const larger = new Int32Array(table.length * 2);
  for (let slot = 0; slot < table.length; slot += 2) if (table[slot + 1] !== 0) append(larger, table[slot] as number, table[slot + 1] as number);
  part.table = larger;
}

/** What is in no slot yet. */
function append(table: Int32Array, hash: number, item: number): void {
  const mask = table.length - 1;
  let slot = (hash << 1) & mask;
  while (table[slot + 1] !== 0) slot = (slot + 2) & mask;
  table[slot] = hash;
  table[slot + 1] = item;
}

/** Empties a slot, and moves up who was pushed behind it. */
function close(table: Int32Array, slot: number): void {
  const mask = table.length - 1;
  let free = slot;
  for (let at = (slot + 2) & mask; table[at + 1] !== 0; at = (at + 2) & mask) {
    const home = ((table[at] as number) << 1) & mask;
    // None may come to stand before its own slot.
    if (((at - home) & mask) < ((at - free) & mask)) continue;
    table[free] = table[at] as number;
    table[free + 1] = table[at + 1] as number;
    free = at;
  }
  table[free] = 0;
  table[free + 1] = 0;
}

/** Another one in each process: devices that register themselves choose their ids, and must not be able to make them all fall into one place. */
const SEED = new Int32Array(new Uint8Array(randomBytes(8)).buffer);
const SEED_0 = SEED[0] ?? 0;
const SEED_1 = SEED[1] ?? 0;

/**
 * HalfSipHash with one round for each word and three at the end, over the UTF-16 units, two to a word; 32 bits.
 * J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF" (2012).
 */
function hashOf(text: string): number {
  const { length } = text;
  let v0 = SEED_0;
  let v1 = SEED_1;
  let v2 = SEED_0 ^ 0x6c796765;
  let v3 = SEED_1 ^ 0x74656462;
  // The last word holds the length, and the last unit if there is an odd number of them; then three words of nothing.
  const words = (length >> 1) + 4;
  for (let number = 0, at = 0; number < words; number++, at += 2) {
    let word = 0;
    if (at + 1 < length) word = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
    else if (number === words - 4) word = (at < length ? text.charCodeAt(at) : 0) | (length << 16);
    else if (number === words - 3) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v1) | 0;
    v0 = (v0 + v3) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
