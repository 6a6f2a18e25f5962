import type { Principal } from '../../../access/principal.ts';
import type { BrokerChange } from '../../../storage/broker-state.ts';
import { encodeAck } from '../codec/encode.ts';
import { REASON } from '../codec/reason-codes.ts';
import { countDrop, type MqttCounters } from '../ports.ts';
import { lowerOf, memberOf, NO_IDENTIFIERS, type Recipient, recipientsOf } from './addressing.ts';
import type { ChangeWriter } from './change-writer.ts';
import { encodeDelivery, encodeOnce } from './encode-message.ts';
import { bytesOf, isExpired, type Message, type MessageSource, newMessage, toStoredMessage } from './message.ts';
import { type Delivery, type Handed, Outbox, packetIdOf, toStoredDelivery } from './outbox.ts';
import type { RetainedBacklog, RetainedMessages } from './retained-messages.ts';
import type { Outlet, Session } from './session.ts';
import type { Audience, SubscriptionIndex } from './subscription-index.ts';

export interface DispatchLimits {
  /** Of one session. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** Of all sessions together; a message counts once. */
  readonly queuedBytesMax: number;
}

export interface DispatchPorts {
  readonly writer: ChangeWriter;
  readonly retained: RetainedMessages;
  readonly index: SubscriptionIndex;
  readonly limits: DispatchLimits;
  readonly counters: MqttCounters;
  readonly clock: () => number;
  readonly nextKey: () => number;
  readonly mayReceive: (principal: Principal, topic: string) => boolean;
}

/** A message between its arrival and the word that it is on disk: what is to be done then. */
export interface Prepared {
  readonly message: Message;
  readonly queued: { readonly session: Session; readonly delivery: Delivery }[];
  /** QoS 0, to whoever is connected then. */
  readonly direct: { readonly session: Session; readonly retain: boolean; readonly identifiers: readonly number[] }[];
  readonly retention: 'none' | 'kept' | 'no room';
  /** Of the subscriptions that were looked at. */
  readonly generation: number;
}

/** Retained messages that a new subscription brings into the queue at a time. */
const BACKLOG_STEP = 50;
/** Those that are looked at in one turn of the event loop; most of them may be of others. */
const BACKLOG_LOOK = 1_000;
/** New subscriptions whose retained messages have not begun to come; beyond it, each filter has one. */
const BACKLOG_MAX = 100;
/** Bookkeeping of one delivery, roughly. */
const DELIVERY_OVERHEAD_BYTES = 150;
/** Messages with QoS 0 that are remembered until the connection ends; the oldest were answered long ago, or never will be. */
const HANDED_ONCE_MAX = 1_000;

function tellLost(lost: readonly Handed[]): void {
  for (const handed of lost) handed.lost();
}

/** The way of messages to sessions: into their queues, onto the wire, and out of the queues again. */
export class Dispatcher {
  readonly #ports: DispatchPorts;
  queuedMessages = 0;
  queuedBytes = 0;
  inFlight = 0;

  constructor(ports: DispatchPorts) {
    this.#ports = ports;
  }

  /**
   * Called at arrival, so that queues have the order of arrival. The changes are to be committed; then `deliver`, or `revoke` when the
   * message was not taken after all. null: nobody wants it.
   */
  prepare(audience: Audience | null, source: MessageSource, changes: BrokerChange[]): Prepared | null {
    if (audience === null && !source.retain) return null;
    const { retained, clock, nextKey } = this.#ports;
    const message = newMessage(nextKey(), source, clock());
    message.isShared = audience !== null && audience.plain.length + audience.shared.length > 1;
    const queued: Prepared['queued'] = [];
    const direct: Prepared['direct'] = [];
    if (audience !== null) {
      for (const recipient of recipientsOf(audience.plain, message)) this.#offer(recipient, message, changes, queued, direct);
      for (const group of audience.shared) {
        const recipient = memberOf(group, message, this.#ports.mayReceive);
        if (recipient === null) countDrop(this.#ports.counters, 'droppedShared');
        else this.#offer(recipient, message, changes, queued, direct);
      }
    }
    let retention: Prepared['retention'] = 'none';
    if (source.retain) {
      retention = retained.prepare(message, changes) ? 'kept' : 'no room';
      if (retention === 'no room') countDrop(this.#ports.counters, 'droppedRetained');
    }
    return { message, queued, direct, retention, generation: this.#ports.index.generation };
  }

  deliver(prepared: Prepared): void {
    const { message, queued, direct, retention } = prepared;
    if (retention !== 'none') this.#ports.retained.apply(message, this.#ports.writer);
    for (const { session, delivery } of queued) {
      if (delivery.state !== 'pending') continue;
      delivery.state = 'waiting';
      this.pump(session);
    }
    for (const { session, retain, identifiers } of direct) this.#sendOnce(session, message, retain, identifiers);
    if (retention === 'kept' && prepared.generation !== this.#ports.index.generation) this.#catchUp(prepared);
  }

  /** Who subscribed while a retained message was on its way to the disk was too late for the message and too early for what is retained. */
  #catchUp({ message, queued, direct, generation }: Prepared): void {
    if (message.payload.length === 0) return;
    for (const subscriber of this.#ports.index.match(message.topic)?.plain ?? []) {
      const { session, since, recalled, filter, qos, identifier } = subscriber;
      if (since <= generation || !recalled) continue;
      if (queued.some((one) => one.session === session) || direct.some((one) => one.session === session)) continue;
      this.recall(session, { filter, messages: [message].values(), qos, identifiers: identifier === null ? NO_IDENTIFIERS : [identifier] });
      this.pump(session);
    }
  }

  revoke({ message, queued, retention }: Prepared): void {
    for (const { session, delivery } of queued) {
      if (delivery.state === 'gone') continue;
      this.#remove(session, delivery);
      this.pump(session);
    }
    if (retention !== 'none') this.#ports.retained.revoke(message, this.#ports.writer);
  }

  /**
   * A message of the hub's own to one connection, and to no other after it: it is on no disk, and goes when the connection goes. False: the client takes no more now.
   * With QoS 0 nobody says that it arrived: then it is lost when the connection ends.
   */
  hand(session: Session, qos: 0 | 1, source: MessageSource, handed: Handed): boolean {
    const { outlet } = session;
    if (outlet === null || !outlet.isOpen || !this.#ports.mayReceive(session.principal, source.topic)) return false;
    const message = newMessage(this.#ports.nextKey(), source, this.#ports.clock());
    if (qos === 0) {
      if (!outlet.hasRoom()) return false;
      this.#sendOnce(session, message, false, NO_IDENTIFIERS);
      session.handedOnce ??= [];
      if (session.handedOnce.push(handed) > HANDED_ONCE_MAX) session.handedOnce.shift();
      return true;
    }
    const delivery = this.#enqueue(session, message, 1, false, NO_IDENTIFIERS, [], handed);
    if (delivery === null) return false;
    delivery.state = 'waiting';
    this.pump(session);
    return true;
  }

  /** Sends what waits, as far as the client's window and its socket allow. */
  pump(session: Session): void {
    const { outlet, outbox } = session;
    if (outlet === null || !outlet.isOpen) return;
    if (outbox !== null) {
      for (let next = outbox.head; next !== null && outbox.inFlight < outlet.window && outlet.hasRoom(); next = outbox.head) {
        if (next.state === 'pending') return;
        outbox.shift();
        this.#send(session, outlet, outbox, next);
      }
    }
    if (session.backlog !== null && (outbox === null || outbox.head === null)) this.#feed(session, outlet);
  }

  /** PUBACK, or PUBCOMP, of the client. */
  acknowledged(session: Session, packetId: number, type: 'puback' | 'pubcomp'): void {
    const delivery = session.outbox?.byId.get(packetId);
    if (delivery?.state !== 'sent') return;
    if (type === 'puback' ? delivery.qos !== 1 : !delivery.released) return;
    this.#remove(session, delivery);
    delivery.handed?.delivered();
    this.pump(session);
  }

  /** PUBREC of the client. What it says is on disk before PUBREL leaves: after a crash the message is not sent again. */
  received(session: Session, packetId: number, reasonCode: number): void {
    const { outlet } = session;
    const delivery = session.outbox?.byId.get(packetId);
    if (delivery?.qos !== 2 || (delivery.state !== 'sent' && !delivery.wasSent)) {
      // The client is to forget it [MQTT-4.3.3-7].
      if (outlet?.version === 5) outlet.send(encodeAck('pubrel', 5, packetId, REASON.packetIdNotFound));
      else outlet?.acknowledge('pubrel', packetId);
      return;
    }
    if (reasonCode >= 0x80) {
      this.#remove(session, delivery);
      this.pump(session);
      return;
    }
    if (delivery.releasing) return;
    if (delivery.released || !delivery.stored) {
      delivery.released = true;
      outlet?.acknowledge('pubrel', packetId);
      return;
    }
    delivery.releasing = true;
    this.#ports.writer.unsent(delivery);
    const change: BrokerChange = { kind: 'put-delivery', delivery: { ...toStoredDelivery(session.key, delivery), packetId, released: true } };
    this.#ports.writer.durable([change]).then(
      () => {
        delivery.releasing = false;
        delivery.released = true;
        // The client may have come back meanwhile, and its second PUBREC was left to this answer.
        if (session.outlet?.isOpen && delivery.state === 'sent') session.outlet.acknowledge('pubrel', packetId);
      },
      () => {
        delivery.releasing = false;
        session.outlet?.cut(REASON.implementationSpecific, 'the hub cannot write to its disk');
      },
    );
  }

  /** Retained messages for a new subscription. */
  recall(session: Session, backlog: RetainedBacklog): void {
    session.backlog ??= [];
    // Who subscribes again and again does not make it longer.
    const index = session.backlog.length < BACKLOG_MAX ? -1 : session.backlog.findIndex(({ filter }) => filter === backlog.filter);
    if (index >= 0) session.backlog[index] = backlog;
    else session.backlog.push(backlog);
  }

  /** The connection has gone; the session stays. */
  detach(session: Session): void {
    const { outbox } = session;
    const lost = session.handedOnce ?? [];
    session.handedOnce = null;
    if (outbox !== null) {
      for (const delivery of [...outbox.byId.values()]) {
        if (delivery.handed === null) continue;
        this.#remove(session, delivery);
        lost.push(delivery.handed);
      }
      this.inFlight -= outbox.inFlight;
      outbox.requeue();
    }
    // Once the session is in order again: whoever hears of it may send the message to another connection.
    if (lost.length > 0) queueMicrotask(() => tellLost(lost));
  }

  /** The session ends, and its queue with it. `remove-session` takes the deliveries on disk along. */
  discard(session: Session): void {
    this.detach(session);
    session.backlog = null;
    for (const delivery of [...(session.outbox?.byId.values() ?? [])]) {
      if (delivery.stored) this.#unstore(delivery);
      this.#remove(session, delivery);
    }
    session.outbox = null;
  }

  /** The session is not kept beyond its connection any more: nothing of it is on disk. */
  forgetStored(session: Session): void {
    for (const delivery of session.outbox?.byId.values() ?? []) if (delivery.stored) this.#unstore(delivery);
  }

  /** A delivery from disk. */
  restore(session: Session, delivery: Delivery): void {
    session.outbox ??= new Outbox();
    session.outbox.add(delivery);
    this.#refer(delivery.message);
    delivery.message.storedReferences++;
  }

  #offer(
    { session, qos, retain, identifiers }: Recipient,
    message: Message,
    changes: BrokerChange[],
    queued: Prepared['queued'],
    direct: Prepared['direct'],
  ): void {
    if (qos === 0) {
      if (session.outlet !== null) direct.push({ session, retain, identifiers });
      return;
    }
    if (!this.#ports.mayReceive(session.principal, message.topic)) return;
    const delivery = this.#enqueue(session, message, qos, retain, identifiers, changes);
    if (delivery === null) countDrop(this.#ports.counters, 'droppedQueueFull');
    else queued.push({ session, delivery });
  }

  #enqueue(
    session: Session,
    message: Message,
    qos: 1 | 2,
    retain: boolean,
    identifiers: readonly number[],
    changes: BrokerChange[],
    handed: Handed | null = null,
  ): Delivery | null {
    const { messagesMax, bytesMax, queuedBytesMax } = this.#ports.limits;
    session.outbox ??= new Outbox();
    const { outbox } = session;
    const bytes = bytesOf(message);
    if (outbox.isFull || outbox.size >= messagesMax || outbox.bytes + bytes > bytesMax || this.queuedBytes + bytes > queuedBytesMax) return null;
    const sequence = outbox.nextSequence();
    const delivery: Delivery = {
      sequence,
      packetId: packetIdOf(sequence),
      message,
      qos,
      retain,
      identifiers,
      state: 'pending',
      released: false,
      releasing: false,
      wasSent: false,
      stored: session.stored && handed === null,
      handed,
      next: null,
    };
    outbox.add(delivery);
    this.#refer(message);
    if (delivery.stored) {
      if (message.storedReferences++ === 0) changes.push({ kind: 'put-message', message: toStoredMessage(message) });
      changes.push({ kind: 'put-delivery', delivery: toStoredDelivery(session.key, delivery) });
    }
    return delivery;
  }

  #send(session: Session, outlet: Outlet, outbox: Outbox, delivery: Delivery): void {
    const { message, packetId } = delivery;
    if (delivery.released) {
      this.#nowInFlight(outbox, delivery);
      outlet.acknowledge('pubrel', packetId);
      return;
    }
    // Asked again: a right may have gone since, and messages grow old.
    const now = this.#ports.clock();
    const isOver = !delivery.wasSent && isExpired(message, now);
    const bytes = isOver || !this.#ports.mayReceive(session.principal, message.topic) ? null : encodeDelivery(outlet.version, delivery, now);
    if (bytes === null || bytes.length > outlet.packetBytesMax) {
      // What is larger than the client takes is dropped as if it were done [MQTT-3.1.2-25].
      if (bytes !== null) countDrop(this.#ports.counters, 'droppedTooLarge');
      this.#remove(session, delivery);
      const { handed } = delivery;
      if (handed !== null) queueMicrotask(() => handed.lost());
      return;
    }
    this.#nowInFlight(outbox, delivery);
    outlet.publish(message.topic, bytes);
    this.#ports.counters.sent++;
    if (delivery.stored && !delivery.wasSent) this.#ports.writer.sent(session.key, delivery);
    delivery.wasSent = true;
  }

  #nowInFlight(outbox: Outbox, delivery: Delivery): void {
    delivery.state = 'sent';
    outbox.inFlight++;
    this.inFlight++;
  }

  /** QoS 0: now or never. */
  #sendOnce(session: Session, message: Message, retain: boolean, identifiers: readonly number[]): void {
    const { outlet } = session;
    if (outlet === null || !outlet.isOpen || isExpired(message, this.#ports.clock()) || !this.#ports.mayReceive(session.principal, message.topic)) return;
    if (!outlet.hasRoom()) {
      countDrop(this.#ports.counters, 'droppedSlow');
      return;
    }
    const bytes = encodeOnce(outlet.version, message, retain, identifiers, this.#ports.clock());
    if (bytes.length > outlet.packetBytesMax) countDrop(this.#ports.counters, 'droppedTooLarge');
    else {
      outlet.publish(message.topic, bytes);
      this.#ports.counters.sent++;
    }
  }

  /** Retained messages come as the client takes them: they wait in the store of retained messages, not in its queue. */
  #feed(session: Session, outlet: Outlet): void {
    const changes: BrokerChange[] = [];
    const queued: Delivery[] = [];
    for (let looked = 0; session.backlog !== null && queued.length < BACKLOG_STEP && outlet.hasRoom(); looked++) {
      if (looked === BACKLOG_LOOK) {
        setImmediate(() => this.pump(session));
        break;
      }
      const [first] = session.backlog;
      const next = first?.messages.next();
      if (!first || !next || next.done) {
        session.backlog.shift();
        if (session.backlog.length === 0) session.backlog = null;
        continue;
      }
      const message = next.value;
      if (message === null || isExpired(message, this.#ports.clock()) || !this.#ports.mayReceive(session.principal, message.topic)) continue;
      const qos = lowerOf(message.qos, first.qos);
      if (qos === 0) {
        this.#sendOnce(session, message, true, first.identifiers);
        continue;
      }
      const delivery = this.#enqueue(session, message, qos, true, first.identifiers, changes);
      if (delivery === null) {
        countDrop(this.#ports.counters, 'droppedQueueFull');
        break;
      }
      queued.push(delivery);
    }
    if (queued.length === 0) return;
    const ready = () => {
      for (const delivery of queued) if (delivery.state === 'pending') delivery.state = 'waiting';
      this.pump(session);
    };
    if (changes.length === 0) ready();
    else
      this.#ports.writer.durable(changes).then(ready, () => {
        for (const delivery of queued) if (delivery.state !== 'gone') this.#remove(session, delivery);
        session.outlet?.cut(REASON.implementationSpecific, 'the hub cannot write to its disk');
      });
  }

  #remove(session: Session, delivery: Delivery): void {
    const { outbox } = session;
    if (outbox === null) return;
    if (delivery.state === 'sent') this.inFlight--;
    outbox.remove(delivery);
    if (delivery.stored) {
      this.#ports.writer.later({ kind: 'remove-delivery', session: session.key, sequence: delivery.sequence });
      this.#unstore(delivery);
    }
    this.queuedMessages--;
    this.queuedBytes -= DELIVERY_OVERHEAD_BYTES;
    if (--delivery.message.references === 0) this.queuedBytes -= bytesOf(delivery.message);
  }

  #unstore(delivery: Delivery): void {
    const { writer } = this.#ports;
    writer.unsent(delivery);
    delivery.stored = false;
    if (--delivery.message.storedReferences === 0) writer.later({ kind: 'remove-message', message: delivery.message.key });
  }

  #refer(message: Message): void {
    this.queuedMessages++;
    this.queuedBytes += DELIVERY_OVERHEAD_BYTES;
    if (message.references++ === 0) this.queuedBytes += bytesOf(message);
  }
}
