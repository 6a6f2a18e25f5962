/** A message on its way to the hub, from the hand-over to the acknowledgement. */
export interface Outgoing {
  /** Both are asked for when it is first sent: a device may learn only then who it is and what time it is. Sent again, they are the same. */
  readonly topic: string | (() => string);
  readonly payload: string | (() => string);
  readonly qos: 0 | 1 | 2;
  /** About what it takes in memory. */
  readonly bytes: number;
  /** Values of points in it. */
  readonly values: number;
  /** performance.now() */
  readonly handedOverAt: number;
  /** Called once: null when the hub acknowledged it (QoS 0: when it was written). */
  readonly settle: (error: Error | null) => void;
  encoded: { readonly topic: string; readonly payload: string } | null;
  /** Sent once before: sending it again is no new message. */
  sent: boolean;
}

export const FULL_POLICIES = ['drop-oldest', 'drop-newest'] as const;
/** What goes when the store is full: the oldest message in it, or the one that comes. */
export type FullPolicy = (typeof FULL_POLICIES)[number];

export interface OutboxLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly whenFull: FullPolicy;
}

/** Room that is freed at the front of the list in one go. */
const SHIFT_AT = 256;

/** What waits to be sent, in order, within limits of messages and bytes. */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #onDropped: (message: Outgoing) => void;
  #messages: (Outgoing | null)[] = [];
  #first = 0;
  #bytes = 0;

  constructor(limits: OutboxLimits, onDropped: (message: Outgoing) => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#messages.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasRoom(): boolean {
    return this.size < this.#limits.messagesMax && this.#bytes < this.#limits.bytesMax;
  }

  /** False: it was dropped. With `drop-oldest` others are dropped instead. */
  push(message: Outgoing): boolean {
    const { messagesMax, bytesMax, whenFull } = this.#limits;
    const fits = () => this.size < messagesMax && (this.#bytes + message.bytes <= bytesMax || this.size === 0);
    if (!fits()) {
      if (whenFull === 'drop-newest' || messagesMax === 0) {
        this.#onDropped(message);
        return false;
      }
      while (!fits()) {
        const oldest = this.shift();
        if (oldest === undefined) break;
        this.#onDropped(oldest);
      }
    }
    this.#messages.push(message);
    this.#bytes += message.bytes;
    return true;
  }

  shift(): Outgoing | undefined {
    if (this.#first >= this.#messages.length) return undefined;
    const message = this.#messages[this.#first] as Outgoing;
    this.#messages[this.#first] = null;
    this.#first += 1;
    if (this.#first >= SHIFT_AT && this.#first * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first);
      this.#first = 0;
    }
    this.#bytes -= message.bytes;
    return message;
  }

  /** Puts back what was on its way, in its order, before everything else. It had its place before: limits do not drop it. */
  unshift(messages: readonly Outgoing[]): void {
    if (messages.length === 0) return;
    this.#messages = [...messages, ...this.#messages.slice(this.#first)];
    this.#first = 0;
    for (const { bytes } of messages) this.#bytes += bytes;
  }

  clear(): readonly Outgoing[] {
    const all = this.#messages.slice(this.#first) as Outgoing[];
    this.#messages = [];
    this.#first = 0;
    this.#bytes = 0;
    return all;
  }
}
