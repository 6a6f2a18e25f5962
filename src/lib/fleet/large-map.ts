/** Above this many entries they are spread over several maps. */
const WHOLE_MAX = 16_384;
const PARTS = 128;

/**
 * A map from texts that may become very large. One `Map` of a million entries stops the event loop for half a second when it grows (it is copied whole); this one
 * grows in parts, a few ms each.
 */
export class LargeMap<Value> {
  #whole: Map<string, Value> | null = new Map();
  #parts: readonly Map<string, Value>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }
  get(key: string): Value | undefined {
    return this.#partOf(key).get(key);
  }
  set(key: string, value: Value): void {
    const part = this.#partOf(key);
    const before = part.size;
    part.set(key, value);
    this.#size += part.size - before;
    if (this.#whole !== null && this.#size > WHOLE_MAX) this.#spread(this.#whole);
  }
  delete(key: string): boolean {
    const isGone = this.#partOf(key).delete(key);
    if (isGone) this.#size -= 1;
    return isGone;
  }
  *values(): IterableIterator<Value> {
    if (this.#whole !== null) yield* this.#whole.values();
    for (const part of this.#parts) yield* part.values();
  }

  #partOf(key: string): Map<string, Value> {
    return this.#whole ?? (this.#parts[partNumber(key)] as Map<string, Value>);
  }
  #spread(whole: Map<string, Value>): void {
    this.#parts = Array.from({ length: PARTS }, () => new Map<string, Value>());
    this.#whole = null;
    for (const [key, value] of whole) this.#partOf(key).set(key, value);
  }
}

/** Ids and serial numbers differ at their end. */
function partNumber(key: string): number {
  const end = key.length;
  // Before the first character there is NaN, which counts as 0.
  return (
    ((key.charCodeAt(end - 1) | 0) + (key.charCodeAt(end - 2) | 0) * 11 + (key.charCodeAt(end - 3) | 0) * 37 + (key.charCodeAt(end - 4) | 0) * 101) &
    (PARTS - 1)
  );
}
