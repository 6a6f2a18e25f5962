import { Readable } from 'node:stream';
import type { Principal } from '../../access/principal.ts';
import type { Outcome } from '../../ingest/ingest.ts';
import type { PublishPacket, SubscriptionPacket } from './aedes-client.ts';
import { RetainedMessages } from './retained-messages.ts';
import { TopicTree } from './topic-tree.ts';

/** What the hub remembers of a client beyond its connection. */
export interface Session {
  readonly id: string;
  principal: Principal;
  /** The connection that holds it; null while the client is away. */
  owner: object | null;
  /** The client came back to it. */
  isResumed: boolean;
  /** ms since 1970; Infinity while connected or kept without end. */
  expiresAt: number;
  readonly filters: Map<string, SubscriptionPacket>;
  /** QoS 2 messages that were taken and answered, until PUBREL: a repeat is not taken again. */
  readonly incoming: Set<number>;
  /** QoS 2 messages that ingest has not settled yet, perhaps of an earlier connection. */
  readonly settling: Map<number, Promise<Outcome>>;
  /** Messages to the client that it has not acknowledged, by the broker's counter, in order. */
  readonly outgoing: Map<number, PublishPacket>;
  readonly outgoingIds: Map<number, number>;
  outgoingBytes: number;
}

export interface SessionLimits {
  /** Sessions of absent clients. */
  readonly absentMax: number;
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly retainedMax: number;
  readonly retainedBytesMax: number;
}

interface Matched extends SubscriptionPacket {
  readonly clientId: string;
}

/**
 * Stands for the filters of a resumed session that has none: aedes says `session present` only if it gets some
 * [MQTT-3.2.2-2]. The subscribe hook lets it fall.
 */
export const NO_FILTERS: SubscriptionPacket = Object.freeze({ topic: 'none', qos: 0 });

/** Bookkeeping of one message beside its topic and payload, roughly. */
const MESSAGE_OVERHEAD_BYTES = 200;

/**
 * Sessions and retained messages in memory, in the shape that aedes calls a persistence. aedes-persistence keeps queues,
 * QoS 2 state and retained messages without a bound, forgets QoS 2 state never (so a message identifier used again is
 * lost), and stores refused subscriptions; hence our own.
 */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #subscriptions = new TopicTree<string, Matched>();
  readonly #retained: RetainedMessages;
  readonly #limits: SessionLimits;
  readonly #mayReceive: (principal: Principal, topic: string) => boolean;
  readonly #granted = new WeakSet<object>();
  #absent = 0;
  dropped = 0;

  constructor(limits: SessionLimits, mayReceive: (principal: Principal, topic: string) => boolean) {
    this.#limits = limits;
    this.#retained = new RetainedMessages(limits.retainedMax, limits.retainedBytesMax);
    this.#mayReceive = mayReceive;
  }

  get size(): number {
    return this.#sessions.size;
  }
  get retained(): number {
    return this.#retained.size;
  }
  all(): Iterable<Session> {
    return this.#sessions.values();
  }
  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** A clean start forgets what was; otherwise the client continues where it left [MQTT-3.1.2-4] [MQTT-3.1.2-5]. */
  open(id: string, principal: Principal, owner: object, { clean, now }: { readonly clean: boolean; readonly now: number }): Session {
    const known = this.#sessions.get(id);
    if (known && !clean && known.expiresAt > now) {
      if (known.owner === null) this.#absent--;
      known.owner = owner;
      known.isResumed = true;
      known.principal = principal;
      known.expiresAt = Number.POSITIVE_INFINITY;
      return known;
    }
    if (known) this.remove(id);
    const session: Session = {
      id,
      principal,
      owner,
      isResumed: false,
      expiresAt: Number.POSITIVE_INFINITY,
      filters: new Map(),
      incoming: new Set(),
      settling: new Map(),
      outgoing: new Map(),
      outgoingIds: new Map(),
      outgoingBytes: 0,
    };
    this.#sessions.set(id, session);
    return session;
  }

  remove(id: string): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#unsubscribeAll(session);
    this.#sessions.delete(id);
    if (session.owner === null) this.#absent--;
  }

  /** The client has gone; its session stays until `expiresAt` if there is room for another absent one. */
  leave(session: Session, expiresAt: number): void {
    if (this.#sessions.get(session.id) !== session) return;
    if (expiresAt === 0 || this.#absent >= this.#limits.absentMax) {
      this.remove(session.id);
      return;
    }
    session.owner = null;
    session.expiresAt = expiresAt;
    this.#absent++;
  }

  /** aedes stores all subscriptions of a packet as soon as one of them is granted; only those marked here are kept. */
  grant(subscription: object): void {
    this.#granted.add(subscription);
  }

  /** Whether an absent client's session waits for messages on the topic. */
  awaits(topic: string): boolean {
    return this.#subscriptions.match(topic).length > 0;
  }

  /** Forgets the sessions of absent clients whose time is over. */
  sweep(now: number): void {
    for (const session of this.#sessions.values()) if (session.owner === null && session.expiresAt <= now) this.remove(session.id);
  }

  /** Takes a message back that is not to be delivered after all. */
  discard(id: string, packet: PublishPacket): void {
    const session = this.#sessions.get(id);
    if (session && packet.brokerCounter !== undefined) this.#forget(session, packet.brokerCounter);
  }

  // What aedes calls. It wants promises, and `setup` to be an async function.
  async setup(): Promise<void> {}

  async storeRetained(packet: PublishPacket): Promise<void> {
    if (!this.#retained.put(packet)) this.dropped++;
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.#retained.matching(filters));
  }

  async addSubscriptions(client: { readonly id: string }, subscriptions: readonly SubscriptionPacket[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (!session) return;
    for (const subscription of subscriptions) {
      if (!this.#granted.has(subscription)) continue;
      session.filters.set(subscription.topic, { ...subscription });
      if (subscription.qos > 0) this.#subscriptions.add(subscription.topic, client.id, { ...subscription, clientId: client.id });
      else this.#subscriptions.remove(subscription.topic, client.id);
    }
  }

  async removeSubscriptions(client: { readonly id: string }, filters: readonly string[]): Promise<void> {
    for (const filter of filters) {
      this.#sessions.get(client.id)?.filters.delete(filter);
      this.#subscriptions.remove(filter, client.id);
    }
  }

  async subscriptionsByClient(client: { readonly id: string }): Promise<SubscriptionPacket[]> {
    const session = this.#sessions.get(client.id);
    if (!session?.isResumed) return [];
    return session.filters.size === 0 ? [NO_FILTERS] : [...session.filters.values()].map((subscription) => ({ ...subscription }));
  }

  async cleanSubscriptions(client: { readonly id: string }): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session) this.#unsubscribeAll(session);
  }

  async subscriptionsByTopic(topic: string): Promise<Matched[]> {
    return this.#subscriptions.match(topic);
  }

  async outgoingEnqueueCombi(subscriptions: readonly Matched[], packet: PublishPacket): Promise<void> {
    // One copy for each client, with the highest QoS of its matching filters [MQTT-3.3.5-1].
    const best = new Map<string, Matched>();
    for (const subscription of subscriptions) {
      const known = best.get(subscription.clientId);
      if (!known || known.qos < subscription.qos) best.set(subscription.clientId, subscription);
    }
    if (best.size === 0) return;
    const own = { ...packet, payload: Buffer.from(packet.payload) };
    for (const subscription of best.values()) this.#enqueue(subscription, own);
  }

  async outgoingEnqueue(subscription: Matched, packet: PublishPacket): Promise<void> {
    this.#enqueue({ ...subscription, qos: packet.qos }, packet);
  }

  /** Notes the identifier under which a message went out, or the PUBREL that took its place. */
  async outgoingUpdate(client: { readonly id: string }, packet: PublishPacket): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (!session || packet.messageId === undefined) return;
    const key = packet.cmd === 'pubrel' ? session.outgoingIds.get(packet.messageId) : packet.brokerCounter;
    const stored = key === undefined ? undefined : session.outgoing.get(key);
    if (key === undefined || !stored) return;
    if (packet.cmd === 'pubrel') {
      session.outgoingBytes -= sizeOf(stored);
      session.outgoing.set(key, { ...packet, topic: '', payload: EMPTY });
      session.outgoingBytes += MESSAGE_OVERHEAD_BYTES;
    } else {
      stored.messageId = packet.messageId;
      session.outgoingIds.set(packet.messageId, key);
    }
  }

  async outgoingClearMessageId(client: { readonly id: string }, packet: PublishPacket): Promise<PublishPacket | undefined> {
    const session = this.#sessions.get(client.id);
    const key = packet.messageId === undefined ? undefined : session?.outgoingIds.get(packet.messageId);
    return session && key !== undefined ? this.#forget(session, key) : undefined;
  }

  outgoingStream(client: { readonly id: string }): Readable {
    const packets = [...(this.#sessions.get(client.id)?.outgoing.values() ?? [])];
    // What went out before goes out again with DUP [MQTT-3.3.1-1].
    return Readable.from(packets.map((packet) => (packet.messageId === undefined || packet.cmd !== 'publish' ? packet : { ...packet, dup: true })));
  }

  async incomingStorePacket(client: { readonly id: string }, packet: { readonly messageId: number }): Promise<void> {
    this.#sessions.get(client.id)?.incoming.add(packet.messageId);
  }

  async incomingGetPacket(client: { readonly id: string }, packet: { readonly messageId: number }): Promise<{ readonly messageId: number }> {
    if (!this.#sessions.get(client.id)?.incoming.has(packet.messageId)) throw new Error('no such packet');
    return packet;
  }

  async incomingDelPacket(client: { readonly id: string }, packet: { readonly messageId: number }): Promise<void> {
    this.#sessions.get(client.id)?.incoming.delete(packet.messageId);
  }

  // Wills live with their connection: none outlives the process, so there is nothing to find again.
  async putWill(): Promise<void> {}
  async delWill(): Promise<void> {}
  streamWill(): Readable {
    return Readable.from([]);
  }

  #enqueue(subscription: Matched, packet: PublishPacket): void {
    const session = this.#sessions.get(subscription.clientId);
    if (!session || packet.brokerCounter === undefined || !this.#mayReceive(session.principal, packet.topic)) return;
    const size = sizeOf(packet);
    if (session.outgoing.size >= this.#limits.messagesMax || session.outgoingBytes + size > this.#limits.bytesMax) {
      this.dropped++;
      return;
    }
    session.outgoing.set(packet.brokerCounter, {
      ...packet,
      cmd: 'publish',
      qos: Math.min(packet.qos, subscription.qos) as 1 | 2,
      // A message to an established subscription is not a retained one [MQTT-3.3.1-9].
      retain: subscription.rap === true && packet.retain,
      dup: false,
      messageId: undefined,
    });
    session.outgoingBytes += size;
  }

  #forget(session: Session, key: number): PublishPacket | undefined {
    const packet = session.outgoing.get(key);
    if (!packet) return undefined;
    session.outgoing.delete(key);
    if (packet.messageId !== undefined) session.outgoingIds.delete(packet.messageId);
    session.outgoingBytes -= sizeOf(packet);
    return packet;
  }

  #unsubscribeAll(session: Session): void {
    for (const filter of session.filters.keys()) this.#subscriptions.remove(filter, session.id);
    session.filters.clear();
  }
}

const EMPTY = Buffer.alloc(0);

function sizeOf(packet: PublishPacket): number {
  return packet.payload.length + packet.topic.length + MESSAGE_OVERHEAD_BYTES;
}
