/** A block with more is cut in two. */
export const BLOCK_MAX = 1_024;
/** Neighbours that have fewer together become one. */
const JOINED_MAX = 256;

interface Entry {
  readonly id: string;
}

/** Devices whose ids are neighbours, by id. `changes` grows with each change of who is in it, and whenever one of them is another than before, or when it is a block no more. */
export interface DeviceBlock<Item extends Entry> {
  readonly entries: readonly Item[];
  readonly changes: number;
}

interface OwnBlock<Item extends Entry> {
  entries: Item[];
  changes: number;
}

/**
 * Devices in the order of their ids: in blocks, so that one more or one less moves a thousand places and not a million, and so that who looks through all of them
 * can do it piece by piece and keep what belongs to a piece.
 */
export class SortedDevices<Item extends Entry> {
  readonly #blocks: OwnBlock<Item>[] = [];
  #changes = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }
  /** In their order; the list is the living one. */
  get blocks(): readonly DeviceBlock<Item>[] {
    return this.#blocks;
  }

  /** Of an id that is not there yet. */
  add(item: Item): void {
    const { id } = item;
    this.#changes += 1;
    this.#size += 1;
    const number = this.#blockOf(id);
    const block = this.#blocks[number];
    if (block === undefined) {
      this.#blocks.push({ entries: [item], changes: 0 });
      return;
    }
    const at = placeOf(block.entries, id);
    if (at === block.entries.length) block.entries.push(item);
    else block.entries.splice(at, 0, item);
    block.changes += 1;
    if (block.entries.length <= BLOCK_MAX) return;
    // Ids that only grow fill block after block; others leave room on both sides.
    const cut = number === this.#blocks.length - 1 && at === BLOCK_MAX ? BLOCK_MAX : BLOCK_MAX >> 1;
    this.#blocks.splice(number + 1, 0, { entries: block.entries.splice(cut), changes: 0 });
  }

  remove(id: string): void {
    const number = this.#blockOf(id);
    const block = this.#blocks[number];
    const at = block === undefined ? 0 : placeOf(block.entries, id);
    if (block?.entries[at]?.id !== id) return;
    block.entries.splice(at, 1);
    block.changes += 1;
    this.#changes += 1;
    this.#size -= 1;
    const next = this.#blocks[number + 1];
    if (block.entries.length === 0) this.#blocks.splice(number, 1);
    else if (next !== undefined && block.entries.length + next.entries.length < JOINED_MAX) {
      block.entries = [...block.entries, ...next.entries];
      next.changes += 1;
      this.#blocks.splice(number + 1, 1);
    }
  }

  /** It is still there, and not what it was. */
  changed(id: string): void {
    const block = this.#blocks[this.#blockOf(id)];
    if (block !== undefined) block.changes += 1;
  }

  /** Those behind an id; all without one. Devices may come and go meanwhile: each that stays is met once. */
  *after(id?: string): Generator<Item, void, undefined> {
    let number = id === undefined ? 0 : this.#blockOf(id);
    let at = id === undefined ? 0 : placeAfter(this.#blocks[number]?.entries ?? [], id);
    for (;;) {
      const block = this.#blocks[number];
      if (block === undefined) return;
      const item = block.entries[at];
      if (item === undefined) {
        number += 1;
        at = 0;
        continue;
      }
      const changes = this.#changes;
      yield item;
      if (changes === this.#changes) {
        at += 1;
      } else {
        number = this.#blockOf(item.id);
        at = placeAfter(this.#blocks[number]?.entries ?? [], item.id);
      }
    }
  }

  /** Where blocks of ids behind this one begin: the number of a block, and a place in it. */
  placeAfter(id: string): { readonly block: number; readonly place: number } {
    const block = this.#blockOf(id);
    return { block, place: placeAfter(this.#blocks[block]?.entries ?? [], id) };
  }

  /** The block that has the id, or would have it. */
  #blockOf(id: string): number {
    let low = 0;
    let high = this.#blocks.length;
    // At start they come in their order.
    if (high > 0 && (this.#blocks[high - 1]?.entries[0]?.id ?? '') <= id) return high - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      const first = this.#blocks[middle]?.entries[0]?.id ?? '';
      if (first <= id) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Where the id stands or would stand. */
function placeOf(entries: readonly Entry[], id: string): number {
  let low = 0;
  let high = entries.length;
  const last = entries[high - 1];
  if (last !== undefined && last.id < id) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.id ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placeAfter(entries: readonly Entry[], id: string): number {
  const at = placeOf(entries, id);
  return entries[at]?.id === id ? at + 1 : at;
}
