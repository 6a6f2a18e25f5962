import type { PublishPacket } from './aedes-client.ts';
import { isFilter, matches } from './topic.ts';

/** The last retained message of each topic, in memory, so many and so large. */
export class RetainedMessages {
  readonly #packets = new Map<string, PublishPacket>();
  readonly #max: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(max: number, bytesMax: number) {
    this.#max = max;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#packets.size;
  }

  /** False when there is no room. An empty payload removes what was kept [MQTT-3.3.1-10]. */
  put(packet: PublishPacket): boolean {
    const old = this.#packets.get(packet.topic);
    if (old) {
      this.#packets.delete(packet.topic);
      this.#bytes -= sizeOf(old);
    }
    if (packet.payload.length === 0) return true;
    const size = sizeOf(packet);
    if (this.#packets.size >= this.#max || this.#bytes + size > this.#bytesMax) return false;
    // The payload is a window on what was read from the socket: a copy does not keep that alive.
    this.#packets.set(packet.topic, { ...packet, payload: Buffer.from(packet.payload) });
    this.#bytes += size;
    return true;
  }

  *matching(filters: readonly string[]): Iterable<PublishPacket> {
    for (const filter of filters) {
      if (!filter.includes('+') && !filter.includes('#')) {
        const packet = this.#packets.get(filter);
        if (packet) yield packet;
      } else if (isFilter(filter)) {
        for (const packet of this.#packets.values()) if (matches(filter, packet.topic)) yield packet;
      }
    }
  }
}

function sizeOf(packet: PublishPacket): number {
  return packet.payload.length + packet.topic.length;
}
