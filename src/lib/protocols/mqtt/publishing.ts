import type { Principal } from '../../access/principal.ts';
import type { Action } from '../../access/roles.ts';
import type { Device } from '../../domain/device.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { DeviceEntry } from '../../fleet/directory.ts';
import type { DeviceMessages } from '../../ingest/device-messages.ts';
import type { InboundMessage } from '../../ingest/inbound-message.ts';
import type { Outcome } from '../../ingest/ingest.ts';
import type { BrokerChange } from '../../storage/broker-state.ts';
import { answerAlone, listens } from './answering.ts';
import type { ProtocolVersion, PublishPacket, Qos } from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import { type AnswersOfIngest, HeldMessage } from './held-message.ts';
import { recordRefusal } from './refusals.ts';
import type { MessageSource } from './sessions/message.ts';
import type { Session } from './sessions/session.ts';
import type { Audience } from './sessions/subscription-index.ts';
import type { Surroundings } from './surroundings.ts';
import { levelCount } from './topic.ts';
import { CLAIM_REQUEST, CLAIM_RESPONSE, type DeviceTopic, parseDeviceTopic, publishAccess, type TopicKind } from './topic-access.ts';

/** Topics of one client whose way is remembered. */
const ROUTES_MAX = 256;
/** Refusals of the moment: the same message is taken later. */
const COMES_AGAIN: ReadonlySet<string> = new Set(['overloaded', 'rate_limited', 'disk_full']);
/** A client that goes on trying what it may not is cut. */
const REFUSED_MAX = 100;

/** Where a topic of this client leads, as long as nothing has changed: neither fleet and rights (`revision`) nor subscriptions (`generation`). */
interface Route {
  readonly deviceTopic: DeviceTopic | null;
  revision: number;
  entry: DeviceEntry | null;
  generation: number;
  audience: Audience | null;
}

/** The client, as far as its messages are concerned. */
export interface Peer {
  readonly id: string;
  readonly version: ProtocolVersion;
  readonly scheme: string;
  readonly address: string | null;
  readonly isOpen: boolean;
  /** Answers a PUBLISH; a reason is for MQTT 5 alone. */
  answer(type: 'puback' | 'pubrec', packetId: number, code: ReasonCode, reason: string | null): void;
  cut(code: ReasonCode, reason: string): void;
  violate(code: ReasonCode, reason: string): void;
  /** There may be room for another message. */
  goOn(): void;
}

/** The messages that one client sends. */
export class Publishing implements AnswersOfIngest {
  readonly #around: Surroundings;
  readonly #peer: Peer;
  readonly #principal: Principal;
  readonly #session: Session;
  readonly #window: number;
  readonly #payloadBytesMax: number;
  readonly #seen: { readonly connectionId: string; readonly protocol: string; readonly address: string | null };
  readonly #routes = new Map<string, Route>();
  #head: HeldMessage | null = null;
  #tail: HeldMessage | null = null;
  /** Of those held, the ones with QoS 1 or 2, and with QoS 0. */
  #answerable = 0;
  #unanswerable = 0;
  /** QoS 2 messages of this connection that wait for PUBREL. */
  readonly #unreleased = new Set<number>();
  #refusals = 0;
  #isFlushing = false;

  constructor(around: Surroundings, peer: Peer, principal: Principal, session: Session) {
    this.#around = around;
    this.#peer = peer;
    this.#principal = principal;
    this.#session = session;
    this.#window = around.ports.settings['mqtt.receive-maximum'];
    this.#payloadBytesMax = around.ports.settings['limits.payload-bytes-max'];
    this.#seen = { connectionId: peer.id, protocol: peer.scheme, address: peer.address };
  }

  /**
   * Whether another message may be taken now. MQTT 3.1.1 has no receive maximum: its socket is not read while the window is full. An MQTT 5
   * client knows the window and is cut if it goes beyond; QoS 0 is pushed back for both.
   */
  hasRoom(qos: Qos): boolean {
    if (this.#peer.version !== 5) return this.#answerable + this.#unanswerable < this.#window;
    return qos > 0 || this.#unanswerable < this.#window;
  }

  /** How long the message is to stay unread for the rate of its device, in ms: MQTT 3.1.1 has no words to refuse it in. */
  heldBackMs({ topic, qos }: PublishPacket, now: number): number {
    if (qos === 0 || this.#peer.version === 5) return 0;
    const route = this.#routes.get(topic);
    const entry = route === undefined ? this.#deviceOf(topic) : route.deviceTopic?.kind === 'report' ? route.entry : null;
    return entry === null ? 0 : this.#around.ports.ingest.heldBackMs(entry, this.#principal, now);
  }

  #deviceOf(topic: string): DeviceEntry | null {
    const deviceTopic = parseDeviceTopic(topic);
    return deviceTopic?.kind === 'report' ? (this.#around.ports.directory.device(deviceTopic.device) ?? null) : null;
  }

  /** A PUBLISH has been read. `now`: ms since 1970. */
  publish(packet: PublishPacket, now: number): void {
    const { counters, ports } = this.#around;
    counters.received++;
    if (packet.qos > 0 && this.#peer.version === 5 && !this.#isWithinWindow(packet)) return;
    const { topic } = packet;
    if (this.#principal.kind === 'claim') {
      this.#claim(packet);
      return;
    }
    let route = this.#routes.get(topic);
    if (route === undefined || route.revision !== ports.directory.revision) {
      const deviceTopic = route === undefined ? parseDeviceTopic(topic) : route.deviceTopic;
      if (route === undefined && levelCount(topic) > ports.settings['mqtt.topic-levels-max']) {
        this.#peer.violate(REASON.topicInvalid, `a topic has more than ${ports.settings['mqtt.topic-levels-max']} levels`);
        return;
      }
      const isHubs = topic.startsWith('$SYS/') && this.#principal.kind === 'open';
      const decision = publishAccess(ports, this.#principal, deviceTopic, false);
      if (!decision.ok) {
        this.#routes.delete(topic);
        this.#refuse(packet, decision.action, decision.reason);
        return;
      }
      if (isHubs) {
        // Brokers tell each other there whom to disconnect. Acknowledged and ignored, as suites expect of a broker.
        this.#answerNow(packet, REASON.notAuthorized, null, false);
        return;
      }
      route = this.#remember(topic, { deviceTopic, revision: ports.directory.revision, entry: decision.entry, generation: -1, audience: null });
    }
    if (packet.payload.length > this.#payloadBytesMax) {
      this.#answerNow(packet, REASON.quotaExceeded, `the payload is larger than ${this.#payloadBytesMax} bytes`, true);
      return;
    }
    if (packet.qos === 2 && this.#isRepeat(packet)) return;
    const { index } = this.#around;
    if (route.generation !== index.generation) {
      route.audience = index.match(topic);
      route.generation = index.generation;
    }
    const kind = route.deviceTopic?.kind;
    if (kind === 'report' && route.entry !== null) this.#report(packet, route.entry, route.audience, now);
    else if (kind === 'time' && this.#principal.kind === 'device') {
      // A question to the hub, and its answer is for whoever asked: others would hear as many as a device cares to ask.
      const time = { time: ports.clock() };
      const answer = route.entry === null ? undefined : ports.time?.answer(route.entry, packet.payload, now);
      this.#answerNow(packet, REASON.success, null, false);
      answerAlone(this.#around, this.#session, topic, answer ?? Buffer.from(JSON.stringify(time)), 0);
    } else {
      const sink = kind === undefined || route.entry === null ? undefined : (ports.deviceMessages as Partial<Record<TopicKind, DeviceMessages>>)[kind];
      if (sink !== undefined && route.entry !== null) this.#hand(sink, packet, route.entry, route.audience, now);
      else this.#pass(packet, route.audience);
    }
  }

  /** PUBREL has come. */
  released(packetId: number): void {
    this.#unreleased.delete(packetId);
  }

  /** [MQTT-3.3.4-9] */
  #isWithinWindow({ qos, packetId }: PublishPacket): boolean {
    if (this.#answerable + this.#unreleased.size < this.#window || (qos === 2 && this.#session.incoming?.has(packetId))) return true;
    this.#peer.violate(REASON.receiveMaximumExceeded, `more than ${this.#window} messages without acknowledgement`);
    return false;
  }

  #remember(topic: string, route: Route): Route {
    // A device that is not known yet may be so any time: in open mode, such a topic is looked up each time.
    if (route.deviceTopic !== null && route.entry === null) return route;
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
    this.#routes.set(topic, route);
    return route;
  }

  /** Taken before and not released yet: answered as the first time, not taken again [MQTT-4.3.3-10]. */
  #isRepeat(packet: PublishPacket): boolean {
    const { incoming, settling } = this.#session;
    if (incoming?.has(packet.packetId)) {
      const held = this.#hold(packet);
      held.settle();
      this.#flush();
      return true;
    }
    const first = settling?.get(packet.packetId);
    if (first === undefined) return false;
    // Still on its way to the disk, perhaps from an earlier connection.
    const held = this.#hold(packet);
    first.follow(({ code, reason, failed }) => {
      held.code = code;
      held.reason = reason;
      held.failed = failed;
      held.settle();
      this.#flush();
    });
    return true;
  }

  #report(packet: PublishPacket, { device }: DeviceEntry, audience: Audience | null, now: number): void {
    const { ports, counters, writer } = this.#around;
    const held = this.#hold(packet);
    counters.reports++;
    counters.held++;
    ports.presence.seen(device.id, this.#seen, now);
    const changes = audience !== null || packet.retain || packet.qos === 2 ? this.#prepare(held, packet, audience) : null;
    // The order of the calls is the order on disk.
    if (changes !== null) writer.flush();
    ports.ingest.accept(this.#inbound(packet, device, now, changes), held)?.then(
      (outcome) => this.reportTaken(held, outcome),
      (error: unknown) => this.notStored(held, error),
    );
  }

  /** What a device says besides its samples: rare, so it goes the simple way. Sent again, it changes nothing: the broker's own state may follow in a transaction of its own. */
  #hand(sink: DeviceMessages, packet: PublishPacket, { device }: DeviceEntry, audience: Audience | null, now: number): void {
    const { ports, counters, writer } = this.#around;
    const held = this.#hold(packet);
    counters.held++;
    ports.presence.seen(device.id, this.#seen, now);
    const changes = audience !== null || packet.retain || packet.qos === 2 ? this.#prepare(held, packet, audience) : null;
    // A sink may be done with a later message before it is done with an earlier one.
    const turn = changes === null ? null : this.#around.topicTurns.next(packet.topic);
    sink
      .accept(this.#inbound(packet, device, now, null))
      .then(async (outcome) => {
        // What is refused is queued for nobody, on disk no more than in memory; of QoS 2, the answer still has to be kept.
        const kept = isUseless(outcome) && this.#principal.kind !== 'open' ? (changes?.filter(({ kind }) => kind === 'put-incoming') ?? []) : (changes ?? []);
        if (kept.length === 0) return outcome;
        await turn?.before;
        const written = writer.durable(kept);
        turn?.over();
        await written;
        return outcome;
      })
      .finally(() => turn?.over())
      .then(
        (outcome) => {
          this.reportTaken(held, outcome);
          if (outcome.reply !== undefined) answerAlone(this.#around, this.#session, `${packet.topic}/result`, outcome.reply, 0);
        },
        (error: unknown) => this.notStored(held, error),
      );
  }

  /** A device that asks for its identity. What it is told goes to its connection alone. */
  #claim(packet: PublishPacket): void {
    const { ports, counters, settled } = this.#around;
    const { claimDesk } = ports;
    if (packet.topic !== CLAIM_REQUEST || claimDesk === undefined) {
      this.#refuse(packet, 'claim:use', `a claim publishes to ${CLAIM_REQUEST} and nothing else`);
      return;
    }
    // Its place in the claim would be gone, and nobody would know the secret.
    if (!listens(this.#around, this.#session, CLAIM_RESPONSE)) {
      this.#refuse(packet, 'claim:use', `subscribe to ${CLAIM_RESPONSE} before asking`);
      return;
    }
    if (packet.qos === 2 && this.#isRepeat(packet)) return;
    const held = this.#hold(packet);
    counters.held++;
    const { scheme: protocol, address } = this.#peer;
    claimDesk.accept({ principal: this.#principal, protocol, address, payload: packet.payload }).then(
      (answer) => {
        counters.held--;
        this.#succeed(held);
        answerAlone(this.#around, this.#session, CLAIM_RESPONSE, answer, 1);
        settled();
      },
      (error: unknown) => this.notStored(held, error),
    );
  }

  /** A message that is not for ingest. */
  #pass(packet: PublishPacket, audience: Audience | null): void {
    const held = this.#hold(packet);
    const changes = audience !== null || packet.retain || packet.qos === 2 ? this.#prepare(held, packet, audience) : null;
    if (audience === null && this.#peer.version === 5) held.code = REASON.noMatchingSubscribers;
    if (changes === null) {
      this.#succeed(held);
      return;
    }
    const { counters, writer } = this.#around;
    counters.held++;
    writer.durable(changes).then(
      () => {
        counters.held--;
        this.#succeed(held);
        this.#around.settled();
      },
      (error: unknown) => this.notStored(held, error),
    );
  }

  /** Queues the message for those who want it; the changes that have to be on disk before it is answered, if there are any. */
  #prepare(held: HeldMessage, packet: PublishPacket, audience: Audience | null): readonly BrokerChange[] | null {
    const changes: BrokerChange[] = [];
    const { stored, key } = this.#session;
    if (audience !== null || packet.retain) held.prepared = this.#around.dispatcher.prepare(audience, sourceOf(packet, this.#session.id), changes);
    if (packet.qos === 2) {
      this.#session.settling ??= new Map();
      this.#session.settling.set(packet.packetId, held);
      if (stored) changes.push({ kind: 'put-incoming', session: key, packetId: packet.packetId });
    }
    return changes.length === 0 ? null : changes;
  }

  #inbound(packet: PublishPacket, device: Device, receivedAt: number, alongside: readonly BrokerChange[] | null): InboundMessage {
    const principal = this.#principal;
    const { scheme: protocol, address } = this.#peer;
    const { topic, payload } = packet;
    const contentType = packet.properties === null ? null : packet.properties.contentType;
    const origin = { sender: this.#session.id, id: packet.packetId, mayBeRepeat: packet.dup };
    // Written out whole for the most frequent case: what is added to an object later stands beside it, in another one.
    if (packet.qos === 1 && alongside === null) return { device, principal, protocol, address, topic, contentType, payload, receivedAt, origin };
    // What a lasting session has taken with QoS 2 and not released stands in the session: there is nothing to guess.
    const mayRepeat = packet.qos === 1 || (packet.qos === 2 && !this.#session.stored);
    return {
      ...{ device, principal, protocol, address, topic, contentType, payload, receivedAt },
      ...(mayRepeat && { origin }),
      ...(alongside !== null && { alongside }),
    };
  }

  reportTaken(held: HeldMessage, outcome: Outcome): void {
    const { counters, dispatcher, writer } = this.#around;
    counters.held--;
    if (isUseless(outcome) && this.#principal.kind !== 'open') {
      // Kept as rejected, so it is acknowledged; there is nothing in it to pass on. In open mode it is just a message.
      held.code = REASON.payloadFormatInvalid;
      const [first] = outcome.rejected;
      held.reason = first === undefined ? null : `${first.code}: ${first.reason}`;
      if (held.prepared !== null) {
        dispatcher.revoke(held.prepared);
        held.prepared = null;
      }
      if (held.qos === 2 && this.#peer.version === 5) {
        // A refusing PUBREC ends the exchange: the identifier must be free on disk, too, before the client hears of it.
        const answer = () => {
          this.#session.settling?.delete(held.packetId);
          this.#done(held);
        };
        if (this.#session.stored) {
          writer.durable([{ kind: 'remove-incoming', session: this.#session.key, packetId: held.packetId }]).then(answer, (error: unknown) => {
            counters.held++;
            this.notStored(held, error);
          });
        } else answer();
        return;
      }
    }
    this.#succeed(held);
    this.#around.settled();
  }

  #succeed(held: HeldMessage): void {
    if (held.qos === 2) {
      this.#session.settling?.delete(held.packetId);
      this.#session.incoming ??= new Set();
      this.#session.incoming.add(held.packetId);
      this.#unreleased.add(held.packetId);
    }
    held.settle();
    this.#flush();
  }

  /** It is not on disk. What may be there in part is taken back. */
  notStored(held: HeldMessage, error: unknown): void {
    const { counters, dispatcher, writer, ports } = this.#around;
    counters.held--;
    counters.failed++;
    if (held.prepared !== null) {
      dispatcher.revoke(held.prepared);
      held.prepared = null;
    }
    if (held.qos === 2) {
      this.#session.settling?.delete(held.packetId);
      if (this.#session.stored) writer.later({ kind: 'remove-incoming', session: this.#session.key, packetId: held.packetId });
    }
    held.failed = true;
    held.code = error instanceof MusterError && COMES_AGAIN.has(error.code) ? REASON.quotaExceeded : REASON.implementationSpecific;
    held.reason = error instanceof MusterError ? `${error.code}: ${error.message}` : 'internal: the message could not be stored';
    if (!(error instanceof MusterError)) ports.log.error({ protocol: this.#peer.scheme, error }, 'a message failed unexpectedly');
    this.#done(held);
  }

  #done(held: HeldMessage): void {
    held.settle();
    this.#flush();
    this.#around.settled();
  }

  /** A message whose answer is known at once, and that goes nowhere. */
  #answerNow(packet: PublishPacket, code: ReasonCode, reason: string | null, failed: boolean): void {
    const held = this.#hold(packet);
    held.code = code;
    held.reason = reason;
    held.failed = failed;
    // There will be a PUBREL, unless PUBREC refuses in MQTT 5.
    if (packet.qos === 2 && !failed && (this.#peer.version !== 5 || code < 0x80)) {
      this.#succeed(held);
      return;
    }
    held.settle();
    this.#flush();
  }

  #hold(packet: PublishPacket): HeldMessage {
    const held = new HeldMessage(this, packet.packetId, packet.qos);
    if (packet.qos === 0) this.#unanswerable++;
    else this.#answerable++;
    if (this.#tail === null) this.#head = held;
    else this.#tail.next = held;
    this.#tail = held;
    return held;
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      for (let head = this.#head; head?.isSettled; head = this.#head) {
        this.#head = head.next;
        if (this.#head === null) this.#tail = null;
        if (head.qos === 0) this.#unanswerable--;
        else this.#answerable--;
        this.#finish(head);
      }
    } finally {
      this.#isFlushing = false;
    }
    this.#peer.goOn();
  }

  #finish(held: HeldMessage): void {
    const { qos, packetId, code, reason, failed, prepared } = held;
    const peer = this.#peer;
    if (qos > 0 && peer.isOpen) {
      if (failed && peer.version !== 5) peer.cut(REASON.implementationSpecific, reason ?? 'not stored');
      else {
        if (!failed) this.#around.counters.acknowledged++;
        peer.answer(qos === 1 ? 'puback' : 'pubrec', packetId, code, reason);
      }
    }
    held.answered();
    if (prepared !== null) this.#around.dispatcher.deliver(prepared);
  }

  #refuse(packet: PublishPacket, action: Action, reason: string): void {
    const { scheme, address } = this.#peer;
    recordRefusal(this.#around, { principal: this.#principal, scheme, address }, packet, { action, reason });
    this.#refusals++;
    if (this.#peer.version !== 5) {
      this.#peer.cut(REASON.notAuthorized, reason);
    } else if (this.#refusals > REFUSED_MAX) {
      this.#peer.cut(REASON.quotaExceeded, 'too many refused messages');
    } else {
      this.#answerNow(packet, REASON.notAuthorized, reason, true);
    }
  }
}

function sourceOf(packet: PublishPacket, sender: string): MessageSource {
  const { topic, payload, properties, qos, retain } = packet;
  return { topic, payload, properties: properties?.forwarded ?? null, qos, retain, expirySeconds: properties?.messageExpiryInterval ?? null, sender };
}

/** Nothing of the message was taken. */
export function isUseless(outcome: Outcome): boolean {
  return outcome.accepted === 0 && outcome.rejectedCount > 0;
}
