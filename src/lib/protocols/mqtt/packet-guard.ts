/** Why a connection is cut before its bytes are parsed. */
export type Violation = 'first_not_connect' | 'second_connect' | 'reserved_type' | 'malformed_length' | 'too_short' | 'too_large';

const CONNECT = 1;
const PUBLISH = 3;
const DISCONNECT = 14;

/**
 * The least remaining length of each packet type that a client may send; -1 for those it may not (reserved, or sent by
 * servers only). AUTH (15) passes, so that MQTT 5 clients get the answer of the broker.
 */
const LEAST = [-1, 10, -1, 2, 2, 2, 2, 2, 5, -1, 4, -1, 0, -1, 0, 0] as const;

/**
 * Frames the bytes of one client in front of the parser: it knows where packets begin and how long they claim to be,
 * nothing else. A whole packet costs a few comparisons; no byte is copied.
 */
export class PacketGuard {
  readonly #bytesMax: number;
  /** Bytes of the current packet's body that are still to come. */
  #body = 0;
  /** Within a fixed header: the type (-1 before its first byte) and the bytes of the length so far. */
  #type = -1;
  #length = 0;
  #lengthBytes = 0;
  #connected = false;
  #ended = false;
  #violation: Violation | null = null;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get violation(): Violation | null {
    return this.#violation;
  }

  /** The CONNECT has passed, whole. */
  get connected(): boolean {
    return this.#connected;
  }

  /**
   * How many of these bytes may go to the parser now: all; or those up to the end of CONNECT, so that nothing is handled
   * before its sender is known; or those up to the `publishes`-th PUBLISH. The rest is to be offered again later; after
   * DISCONNECT (`ended`) it is to be dropped.
   */
  scan(chunk: Buffer, publishes: number): number {
    let at = 0;
    let left = publishes;
    if (this.#violation !== null) return 0;
    while (at < chunk.length && !this.#ended) {
      if (this.#body > 0) {
        const step = Math.min(this.#body, chunk.length - at);
        at += step;
        this.#body -= step;
      } else {
        const byte = chunk[at++] as number;
        if (this.#type < 0) this.#begin(byte >> 4);
        else this.#measure(byte);
        if (this.#violation !== null) return 0;
      }
      if (this.#type < 0 || this.#body > 0 || this.#lengthBytes >= 0) continue;
      const type = this.#type;
      this.#type = -1;
      this.#lengthBytes = 0;
      if (type === CONNECT) {
        this.#connected = true;
        return at;
      }
      if (type === DISCONNECT) this.#ended = true;
      if (type === PUBLISH && --left <= 0) return at;
    }
    return at;
  }

  get ended(): boolean {
    return this.#ended;
  }

  #begin(type: number): void {
    this.#length = 0;
    this.#lengthBytes = 0;
    this.#type = type;
    if ((LEAST[type] as number) < 0) this.#violation = 'reserved_type';
    else if (!this.#connected && type !== CONNECT)
      this.#violation = 'first_not_connect'; // [MQTT-3.1.0-1]
    else if (this.#connected && type === CONNECT) this.#violation = 'second_connect'; // [MQTT-3.1.0-2]
  }

  #measure(byte: number): void {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes++;
    if (byte >= 0x80) {
      // A length has four bytes at most [MQTT-1.5.5-1].
      if (this.#lengthBytes === 4) this.#violation = 'malformed_length';
      return;
    }
    if (1 + this.#lengthBytes + this.#length > this.#bytesMax) this.#violation = 'too_large';
    else if (this.#length < (LEAST[this.#type] as number)) this.#violation = 'too_short';
    this.#body = this.#length;
    // The header is complete: what follows is body.
    this.#lengthBytes = -1;
  }
}
