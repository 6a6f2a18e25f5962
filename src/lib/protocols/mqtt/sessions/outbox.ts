import type { StoredDelivery } from '../../../storage/broker-state.ts';
import { bytesOf, type Message } from './message.ts';

const PACKET_IDS = 65_535;

/**
 * A QoS 1 or 2 message of one session, from its arrival to its last acknowledgement:
 * pending (not on disk yet) - waiting - sent - released (QoS 2: PUBREC came) - gone.
 */
export interface Delivery {
  readonly sequence: number;
  readonly packetId: number;
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  state: 'pending' | 'waiting' | 'sent' | 'gone';
  released: boolean;
  /** The change that notes `released` is on its way to the disk. */
  releasing: boolean;
  /** It went out before, perhaps over an earlier connection: a repeat carries DUP. */
  wasSent: boolean;
  stored: boolean;
  /** Of a message to this connection alone: it goes with it, and who sent it hears of it. */
  readonly handed: Handed | null;
  next: Delivery | null;
}

/** Who hears what became of a message that was handed to a connection: one of the two, once. */
export interface Handed {
  delivered(): void;
  lost(): void;
}

export function packetIdOf(sequence: number): number {
  return ((sequence - 1) % PACKET_IDS) + 1;
}

export function toStoredDelivery(session: number, delivery: Delivery): StoredDelivery {
  const { sequence, message, qos, retain, identifiers, packetId, wasSent, released } = delivery;
  return { session, sequence, message: message.key, qos, retain, subscriptionIdentifiers: identifiers, packetId: wasSent ? packetId : null, released };
}

/**
 * Messages to one client, in order. The packet identifier follows from the sequence number, which is on disk before the
 * message is sent: after a crash a message goes out again under its identifier, so that the client knows it again and QoS 2
 * stays exactly once. A sequence number whose identifier is still in use is left out.
 */
export class Outbox {
  /** All of them, oldest first. */
  readonly byId = new Map<number, Delivery>();
  bytes = 0;
  inFlight = 0;
  #sequence = 0;
  #head: Delivery | null = null;
  #tail: Delivery | null = null;

  get size(): number {
    return this.byId.size;
  }

  get isFull(): boolean {
    return this.byId.size >= PACKET_IDS - 1;
  }

  /** The first that is not sent; null: none. */
  get head(): Delivery | null {
    while (this.#head !== null && this.#head.state === 'gone') this.#unlink();
    return this.#head;
  }

  /** The next sequence number whose packet identifier is free. */
  nextSequence(): number {
    do this.#sequence++;
    while (this.byId.has(packetIdOf(this.#sequence)));
    return this.#sequence;
  }

  add(delivery: Delivery): void {
    this.#sequence = Math.max(this.#sequence, delivery.sequence);
    this.byId.set(delivery.packetId, delivery);
    this.bytes += bytesOf(delivery.message);
    this.#link(delivery);
  }

  /** Takes the head out of the waiting list; it stays known by its identifier. */
  shift(): void {
    this.#unlink();
  }

  remove(delivery: Delivery): void {
    if (delivery.state === 'sent') this.inFlight--;
    delivery.state = 'gone';
    this.byId.delete(delivery.packetId);
    this.bytes -= bytesOf(delivery.message);
  }

  /** The connection has gone: what it sent waits again, in the old order. */
  requeue(): void {
    this.#head = null;
    this.#tail = null;
    this.inFlight = 0;
    for (const delivery of this.byId.values()) {
      if (delivery.state === 'sent') delivery.state = 'waiting';
      this.#link(delivery);
    }
  }

  #link(delivery: Delivery): void {
    delivery.next = null;
    if (this.#tail === null) this.#head = delivery;
    else this.#tail.next = delivery;
    this.#tail = delivery;
  }

  #unlink(): void {
    this.#head = this.#head?.next ?? null;
    if (this.#head === null) this.#tail = null;
  }
}
