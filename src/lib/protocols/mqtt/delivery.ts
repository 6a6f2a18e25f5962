import type { AedesClient, Deliver, PublishPacket } from './aedes-client.ts';
import { matches } from './topic.ts';

export interface DeliveryLimits {
  /** QoS 1 and 2 messages under way to one client. */
  readonly windowMax: number;
  /** Those that wait for the window. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  readonly writeBufferBytesMax: number;
}

export interface DeliveryHooks {
  /** Too much waits for this client already. */
  dropped(packet: PublishPacket): void;
  /** The message was queued for the session and is not meant for it after all. */
  withdrawn(packet: PublishPacket): void;
}

/** Fixed header, lengths and properties of a PUBLISH that are not its topic or payload; a safe guess. */
const PUBLISH_OVERHEAD_BYTES = 16;

/**
 * The way out to one subscriber, around aedes' own: it delivers a message once however many filters match, at the QoS
 * that was granted, within the receive maximum and packet size that the client asked for, and drops with a count what a
 * slow client does not take.
 */
export class Delivery {
  readonly #client: AedesClient;
  readonly #limits: DeliveryLimits;
  readonly #hooks: DeliveryHooks;
  readonly #deliver0: Deliver;
  readonly #deliverQoS: Deliver;
  readonly #waiting: { readonly packet: PublishPacket; readonly done: (error?: Error) => void }[] = [];
  #waitingBytes = 0;
  #underWay = 0;
  #last = -1;

  constructor(client: AedesClient, brokerId: string, limits: DeliveryLimits, hooks: DeliveryHooks) {
    this.#client = client;
    this.#limits = limits;
    this.#hooks = hooks;
    this.#deliver0 = client.deliver0;
    this.#deliverQoS = client.deliverQoS;
    client.deliver0 = (packet, done) => this.#atMostOnce(packet, done);
    client.deliverQoS = (packet, done) => this.#acknowledged(packet, done);
    // aedes takes a message with a lower counter than the last for a repeat and drops it. Counters are given before the
    // message waits for its retained copy or queues to be stored, so messages overtake each other and would be lost.
    // All copies of a message are handed over in one go: being the same as the last one is enough.
    Object.defineProperty(client.duplicates, brokerId, { get: () => 0, set: () => {} });
  }

  /** The client has acknowledged one, or takes bytes again. */
  acknowledged(): void {
    if (this.#underWay > 0) this.#underWay--;
    this.pump();
  }

  pump(): void {
    while (this.#waiting.length > 0 && this.#hasRoom()) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#waitingBytes -= next.packet.payload.length;
      this.#send(next.packet, next.done);
    }
  }

  /** The QoS of a delivery on this topic: the highest that a matching filter was granted, if that is lower. */
  grantedQoS(packet: PublishPacket): 0 | 1 | 2 {
    let granted: 0 | 1 | 2 | -1 = -1;
    for (const filter in this.#client.subscriptions) {
      const qos = this.#client.subscriptions[filter]?.qos ?? 0;
      if (qos > granted && matches(filter, packet.topic)) granted = qos;
    }
    return granted === -1 || granted > packet.qos ? packet.qos : granted;
  }

  /** The client's Maximum Packet Size: what is larger must not be sent [MQTT-3.1.2-24]. */
  fits(packet: PublishPacket): boolean {
    const max = this.#client.maximumPacketSize;
    if (max === undefined) return true;
    const properties = packet.properties ? JSON.stringify(packet.properties).length : 0;
    return packet.payload.length + Buffer.byteLength(packet.topic) + properties + PUBLISH_OVERHEAD_BYTES <= max;
  }

  #atMostOnce(packet: PublishPacket, done: (error?: Error) => void): void {
    // A second filter with a higher QoS matches as well: that copy is the one to send [MQTT-3.3.5-1].
    if (packet.qos > 0 && this.grantedQoS(packet) > 0) {
      done();
      return;
    }
    if (this.#isRepeat(packet)) {
      done();
      return;
    }
    if (this.#client.conn.writableLength > this.#limits.writeBufferBytesMax) {
      this.#hooks.dropped(packet);
      done();
      return;
    }
    this.#deliver0(packet, done);
  }

  #acknowledged(packet: PublishPacket, done: (error?: Error) => void): void {
    if (packet.qos === 0) {
      this.#atMostOnce(packet, done);
      return;
    }
    // No Local: its own message. aedes knows that too, but leaves it in the session's queue.
    if (packet.nl && packet.clientId === this.#client.id) {
      this.#hooks.withdrawn(packet);
      done();
      return;
    }
    if (this.#isRepeat(packet)) {
      done();
      return;
    }
    if (this.#waiting.length === 0 && this.#hasRoom()) {
      this.#send(packet, done);
      return;
    }
    if (this.#waiting.length >= this.#limits.waitingMax || this.#waitingBytes + packet.payload.length > this.#limits.waitingBytesMax) {
      this.#hooks.dropped(packet);
      done();
      return;
    }
    this.#waitingBytes += packet.payload.length;
    this.#waiting.push({ packet, done });
  }

  #send(packet: PublishPacket, done: (error?: Error) => void): void {
    if (this.grantedQoS(packet) > 0) this.#underWay++;
    this.#deliverQoS(packet, done);
  }

  #hasRoom(): boolean {
    const { conn, receiveMaximum } = this.#client;
    return this.#underWay < Math.min(receiveMaximum, this.#limits.windowMax) && conn.writableLength <= this.#limits.writeBufferBytesMax;
  }

  #isRepeat(packet: PublishPacket): boolean {
    // Retained messages carry no broker id: they are meant for one subscription and come once each.
    if (!packet.brokerId || packet.brokerCounter === undefined) return false;
    if (packet.brokerCounter === this.#last) return true;
    this.#last = packet.brokerCounter;
    return false;
  }
}
