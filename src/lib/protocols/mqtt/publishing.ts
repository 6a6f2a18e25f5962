import type { Principal } from '../../access/principal.ts';
import type { Action } from '../../access/roles.ts';
import type { Device } from '../../domain/device.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { DeviceEntry } from '../../fleet/directory.ts';
import type { InboundMessage } from '../../ingest/inbound-message.ts';
import type { Outcome } from '../../ingest/ingest.ts';
import { acknowledgement } from './acknowledgement.ts';
import type { AedesClient, PublishPacket } from './aedes-client.ts';
import { REASON, type ReasonCode } from './reason-codes.ts';
import { recordRefusal } from './refusals.ts';
import type { Session } from './session-store.ts';
import type { Surroundings } from './surroundings.ts';
import { type DeviceTopic, isWellFormed, parseDeviceTopic, publishAccess } from './topic-access.ts';

/** Topics of one client that are remembered parsed. */
const TOPICS_MAX = 256;
/** A client that goes on trying what it may not is cut. */
const REFUSED_MAX = 100;

/** A message between its arrival and its answer; answers leave in the order of arrival [MQTT-4.6.0-2]. */
interface Held {
  readonly packet: PublishPacket;
  settled: boolean;
  forward: boolean;
  code: ReasonCode;
  reason: string | null;
  /** Not stored: it must not be acknowledged. */
  failed: boolean;
}

/** The client, as far as its messages are concerned. */
export interface Peer {
  readonly id: string;
  readonly client: AedesClient;
  readonly scheme: string;
  readonly address: string | null;
  cut(code: ReasonCode, reason: string): void;
  violate(code: ReasonCode, reason: string): void;
  unblock(): void;
}

/** The messages that one client sends. */
export class Publishing {
  readonly #around: Surroundings;
  readonly #connection: Peer;
  readonly #principal: Principal;
  readonly #session: Session;
  readonly #window: number;
  readonly #payloadBytesMax: number;
  readonly #topics = new Map<string, DeviceTopic | null | undefined>();
  readonly #held: Held[] = [];
  /** Of those held, the ones with QoS 0. */
  #unacknowledged = 0;
  #refusals = 0;
  #flushing = false;
  #corked = false;

  constructor(around: Surroundings, connection: Peer, principal: Principal, session: Session) {
    this.#around = around;
    this.#connection = connection;
    this.#principal = principal;
    this.#session = session;
    this.#window = around.ports.settings['mqtt.receive-maximum'];
    this.#payloadBytesMax = around.ports.settings['limits.payload-bytes-max'];
  }

  /**
   * How many messages may be read now. MQTT 3.1.1 has no receive maximum: its socket is not read while the window is
   * full. An MQTT 5 client knows the window, so it is read on and cut if it goes beyond; QoS 0 is pushed back for both.
   */
  allowance(): number {
    if (this.#connection.client.version !== 5) return this.#window - this.#held.length;
    const room = this.#window - this.#unacknowledged;
    return room <= 0 ? 0 : room + this.#window;
  }

  /** A PUBLISH has been read. It is answered here, not by aedes. */
  publish(packet: PublishPacket): void {
    const { counters, isDraining } = this.#around;
    counters.received++;
    if (packet.qos > 0 && !this.#takesIdentifier(packet)) return;
    if (packet.properties?.subscriptionIdentifier !== undefined) {
      // [MQTT-3.3.4-6]
      this.#connection.violate(REASON.protocolError, 'a client does not send subscription identifiers');
      return;
    }
    const topic = this.#topic(packet.topic);
    if (topic === undefined) {
      this.#connection.violate(REASON.topicInvalid, 'the topic is malformed');
      return;
    }
    if (isDraining()) {
      this.#answer(packet, { failed: true, forward: false, code: REASON.implementationSpecific, reason: 'the hub is stopping' });
      return;
    }
    if (packet.topic.startsWith('$SYS/') && this.#principal.kind === 'open') {
      // Brokers tell each other there whom to disconnect. Acknowledged and ignored, as suites expect of a broker.
      this.#answer(packet, { forward: false, code: REASON.notAuthorized });
      return;
    }
    const decision = publishAccess(this.#around.ports, this.#principal, topic, false);
    if (!decision.ok) {
      this.#refuse(packet, decision.action, decision.reason);
      return;
    }
    if (packet.payload.length > this.#payloadBytesMax) {
      this.#answer(packet, { failed: true, forward: false, code: REASON.quotaExceeded, reason: `the payload is larger than ${this.#payloadBytesMax} bytes` });
      return;
    }
    if (packet.qos === 2 && this.#session.incoming.has(packet.messageId as number)) {
      // Taken before and not released yet: answered again, not taken again [MQTT-4.3.3-10].
      this.#answer(packet, { forward: false });
    } else if (topic?.kind === 'report' && decision.entry) {
      this.#report(packet, decision.entry);
    } else if (topic?.kind === 'time' && this.#principal.kind === 'device') {
      this.#answer(packet, { forward: false });
      this.#tellTime(packet.topic);
    } else {
      this.#answer(packet, {});
    }
  }

  #takesIdentifier(packet: PublishPacket): boolean {
    // [MQTT-2.2.1-3]; the parser gives -1 when the packet ends before it.
    if (packet.messageId === undefined || packet.messageId < 1) {
      this.#connection.violate(REASON.malformed, 'the packet identifier is missing or 0');
      return false;
    }
    if (this.#connection.client.version !== 5) return true;
    const underWay = this.#held.length - this.#unacknowledged + this.#session.incoming.size;
    if (underWay < this.#window || this.#session.incoming.has(packet.messageId)) return true;
    // [MQTT-3.3.4-9]
    this.#connection.violate(REASON.receiveMaximumExceeded, `more than ${this.#window} messages without acknowledgement`);
    return false;
  }

  /** undefined: malformed; null: none of a device. */
  #topic(text: string): DeviceTopic | null | undefined {
    const known = this.#topics.get(text);
    if (known !== undefined || this.#topics.has(text)) return known;
    if (this.#topics.size >= TOPICS_MAX) this.#topics.clear();
    const parsed = isWellFormed(text, 'publish') ? parseDeviceTopic(text) : undefined;
    this.#topics.set(text, parsed);
    return parsed;
  }

  #report(packet: PublishPacket, entry: DeviceEntry): void {
    const { ports, counters } = this.#around;
    const held = this.#hold(packet);
    counters.reports++;
    counters.held++;
    let outcome = packet.qos === 2 ? this.#session.settling.get(packet.messageId as number) : undefined;
    if (outcome) {
      // The same message came over an earlier connection and is still on its way to the disk.
      held.forward = false;
    } else {
      const receivedAt = ports.clock();
      ports.presence.seen(
        entry.device.id,
        { connectionId: this.#connection.id, protocol: this.#connection.scheme, address: this.#connection.address },
        receivedAt,
      );
      outcome = ports.ingest.accept(this.inbound(packet, entry.device, receivedAt));
      if (packet.qos === 2) this.#session.settling.set(packet.messageId as number, outcome);
    }
    outcome.then(
      (result) => this.#settle(held, result),
      (error: unknown) => this.#fail(held, error),
    );
  }

  inbound(packet: PublishPacket, device: Device, receivedAt: number): InboundMessage {
    const contentType = packet.properties?.contentType;
    return {
      device,
      principal: this.#principal,
      protocol: this.#connection.scheme,
      address: this.#connection.address,
      topic: packet.topic,
      contentType: typeof contentType === 'string' ? contentType : null,
      payload: packet.payload,
      receivedAt,
    };
  }

  #settle(held: Held, outcome: Outcome): void {
    const { packet } = held;
    if (isUseless(outcome)) {
      // Kept as rejected, so it is acknowledged; there is nothing in it to pass on. In open mode it is just a message.
      held.forward = held.forward && this.#principal.kind === 'open';
      if (this.#principal.kind !== 'open') {
        held.code = REASON.payloadFormatInvalid;
        held.reason = outcome.rejected[0]?.reason ?? null;
      }
    }
    if (packet.qos === 2) {
      this.#session.settling.delete(packet.messageId as number);
      // In MQTT 5 a refusing PUBREC ends the exchange; there will be no PUBREL.
      if (held.code === REASON.success || this.#connection.client.version !== 5) this.#session.incoming.add(packet.messageId as number);
    }
    this.#done(held);
  }

  #fail(held: Held, error: unknown): void {
    if (held.packet.qos === 2) this.#session.settling.delete(held.packet.messageId as number);
    this.#around.counters.failed++;
    held.failed = true;
    held.forward = false;
    held.code = error instanceof MusterError && error.code === 'overloaded' ? REASON.quotaExceeded : REASON.implementationSpecific;
    held.reason = error instanceof MusterError ? error.message : 'the message could not be stored';
    if (!(error instanceof MusterError)) this.#around.ports.log.error({ topic: held.packet.topic, error }, 'a report failed unexpectedly');
    this.#done(held);
  }

  #done(held: Held): void {
    this.#around.counters.held--;
    held.settled = true;
    this.#flush();
    this.#around.settled();
  }

  /** A message whose answer is known at once. */
  #answer(packet: PublishPacket, answer: Partial<Omit<Held, 'packet'>>): void {
    const held = this.#hold(packet);
    Object.assign(held, answer);
    held.settled = true;
    if (packet.qos === 2 && held.code === REASON.success && !held.failed) this.#session.incoming.add(packet.messageId as number);
    this.#flush();
  }

  #hold(packet: PublishPacket): Held {
    const held: Held = { packet, settled: false, forward: true, code: REASON.success, reason: null, failed: false };
    this.#held.push(held);
    if (packet.qos === 0) this.#unacknowledged++;
    return held;
  }

  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    for (let head = this.#held[0]; head?.settled; head = this.#held[0]) {
      this.#held.shift();
      if (head.packet.qos === 0) this.#unacknowledged--;
      this.#finish(head);
    }
    this.#flushing = false;
    this.#connection.unblock();
  }

  #finish(held: Held): void {
    const { packet } = held;
    const { client } = this.#connection;
    if (packet.qos > 0 && !client.closed) {
      if (held.failed && client.version !== 5) this.#connection.cut(REASON.implementationSpecific, held.reason ?? 'not stored');
      else this.#acknowledge(held);
    }
    if (held.forward) this.forward(packet);
  }

  #acknowledge({ packet, code, reason, failed }: Held): void {
    const { client } = this.#connection;
    const { conn } = client;
    if (conn.destroyed) return;
    if (!this.#corked) {
      // One system call for what is answered in the same turn, which after a group commit is much.
      this.#corked = true;
      conn.cork();
      process.nextTick(() => {
        this.#corked = false;
        conn.uncork();
      });
    }
    const modern = client.version === 5;
    if (!failed) this.#around.counters.acknowledged++;
    const shown = client._requestProblemInformation === false ? null : reason;
    conn.write(acknowledgement(packet.qos as 1 | 2, packet.messageId as number, modern ? code : REASON.success, shown));
  }

  /** Hands a message to whoever subscribed, if anybody did: most reports are read by the hub alone. */
  forward(packet: PublishPacket): void {
    const { broker, bus, store } = this.#around;
    if (!packet.retain && !bus.hears(packet.topic) && !store.awaits(packet.topic)) return;
    packet.dup = false; // [MQTT-3.3.1-3]
    broker.publish(packet, this.#connection.client, (error) => {
      if (error) this.#around.ports.log.debug({ topic: packet.topic, error: error.message }, 'a message could not be passed on');
    });
  }

  #tellTime(topic: string): void {
    const payload = Buffer.from(JSON.stringify({ time: this.#around.ports.clock() }));
    this.#around.broker.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false }, null, () => {});
  }

  #refuse(packet: PublishPacket, action: Action, reason: string): void {
    const { scheme, address } = this.#connection;
    recordRefusal(this.#around, { principal: this.#principal, scheme, address }, packet, { action, reason });
    this.#refusals++;
    if (this.#connection.client.version !== 5) {
      this.#connection.cut(REASON.notAuthorized, reason);
    } else if (this.#refusals > REFUSED_MAX) {
      this.#connection.cut(REASON.quotaExceeded, 'too many refused messages');
    } else {
      this.#answer(packet, { failed: true, forward: false, code: REASON.notAuthorized, reason });
    }
  }
}

/** Nothing of the message was taken. */
export function isUseless(outcome: Outcome): boolean {
  return outcome.accepted === 0 && outcome.rejectedCount > 0;
}
