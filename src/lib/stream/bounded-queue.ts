/** One thing on its way to those who watch, shared by all of them. `bytes`: about what it takes on its way to one. */
export interface Queued<Item> {
  readonly item: Item;
  /** ms since 1970: when a gap begins and ends. */
  readonly time: number;
  readonly bytes: number;
}

export interface QueueLimits {
  /** Items in the queue of one subscriber, and their bytes. */
  readonly queueMax: number;
  readonly queueBytesMax: number;
}

export interface Gap {
  readonly dropped: number;
  readonly from: number;
  readonly to: number;
}

/** What waits for one subscriber. Beyond its limits things are lost, and it is told how many and from when to when. */
export class BoundedQueue<Item> {
  readonly #limits: QueueLimits;
  readonly #onReady: () => void;
  #queue: Queued<Item>[] = [];
  #bytes = 0;
  #gap: { dropped: number; from: number; to: number } | null = null;

  /** `onReady` is called when there is something to take after it was empty. */
  constructor(limits: QueueLimits, onReady: () => void) {
    this.#limits = limits;
    this.#onReady = onReady;
  }

  /** False: it was dropped. */
  push(queued: Queued<Item>): boolean {
    if (this.#queue.length >= this.#limits.queueMax || this.#bytes >= this.#limits.queueBytesMax || this.#gap !== null) {
      // Once something is lost, all that follows is, until the subscriber has taken what it has: one gap, not many.
      const { time } = queued;
      this.#gap ??= { dropped: 0, from: time, to: time };
      this.#gap.dropped += 1;
      this.#gap.from = Math.min(this.#gap.from, time);
      this.#gap.to = Math.max(this.#gap.to, time);
      return false;
    }
    this.#queue.push(queued);
    this.#bytes += queued.bytes;
    if (this.#queue.length === 1) this.#onReady();
    return true;
  }

  /** At most so many, and of so many bytes (one alone may have more). A gap when nothing waits before it; null: nothing. */
  take(itemsMax: number, bytesMax: number): { readonly items: readonly Item[] } | { readonly gap: Gap } | null {
    if (this.#queue.length > 0) {
      let count = 0;
      let bytes = 0;
      const items: Item[] = [];
      for (const queued of this.#queue) {
        if (count > 0 && (count >= itemsMax || bytes + queued.bytes > bytesMax)) break;
        bytes += queued.bytes;
        count += 1;
        items.push(queued.item);
      }
      this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
      this.#bytes -= bytes;
      return { items };
    }
    if (this.#gap === null) return null;
    const gap = this.#gap;
    this.#gap = null;
    return { gap };
  }
}
