import type { StoredMessage } from '../../../storage/broker-state.ts';
import type { Qos } from '../codec/packet.ts';

/** A message on its way to subscribers: one object, however many wait for it. */
export interface Message {
  readonly key: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** As forwarded (codec/packet.ts `MessageProperties.forwarded`). */
  readonly properties: Uint8Array | null;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Session id, for No Local; null when nobody's. */
  readonly sender: string | null;
  readonly arrivedAt: number;
  /** ms since 1970; null never. */
  readonly expiresAt: number | null;
  /** Deliveries in memory, and those of them that are on disk. */
  references: number;
  storedReferences: number;
  /** Several subscribers want it: the last encoding is kept for the next one that wants the same. */
  isShared: boolean;
  encoded: Buffer | null;
  encodedAs: number;
}

/** What a message is made of: a PUBLISH, a will, or the hub's own words. */
export interface MessageSource {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array | null;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly expirySeconds: number | null;
  readonly sender: string | null;
}

/** Topic, lengths and bookkeeping of a message beside its payload, roughly. */
const MESSAGE_OVERHEAD_BYTES = 200;

export function newMessage(key: number, source: MessageSource, now: number): Message {
  // What was read is a window on 64 KB: a copy does not keep that alive.
  const isKept = source.qos > 0 || source.retain;
  return {
    key,
    topic: source.topic,
    payload: isKept ? Buffer.from(source.payload) : source.payload,
    properties: isKept && source.properties !== null ? Buffer.from(source.properties) : source.properties,
    qos: source.qos,
    retain: source.retain,
    sender: source.sender,
    arrivedAt: now,
    expiresAt: source.expirySeconds === null ? null : now + source.expirySeconds * 1000,
    references: 0,
    storedReferences: 0,
    isShared: false,
    encoded: null,
    encodedAs: -1,
  };
}

export function bytesOf(message: Message): number {
  return message.payload.length + message.topic.length + (message.properties?.length ?? 0) + MESSAGE_OVERHEAD_BYTES;
}

export function isExpired(message: Pick<Message, 'expiresAt'>, now: number): boolean {
  return message.expiresAt !== null && message.expiresAt <= now;
}

/** Seconds that are left, at least one: what is over is not sent [MQTT-3.3.2-6]. */
export function expiryLeft(message: Message, now: number): number | null {
  return message.expiresAt === null ? null : Math.max(1, Math.ceil((message.expiresAt - now) / 1000));
}

export function toStoredMessage(message: Message): StoredMessage {
  const { key, topic, payload, qos, retain, properties, sender, arrivedAt, expiresAt } = message;
  return { key, topic, payload, qos, retain, properties, sender, arrivedAt, expiresAt };
}

export function fromStoredMessage(stored: StoredMessage): Message {
  return { ...stored, references: 0, storedReferences: 0, isShared: false, encoded: null, encodedAs: -1 };
}
