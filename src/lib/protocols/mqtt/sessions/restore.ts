import type { Principal } from '../../../access/principal.ts';
import type { StoredBroker, StoredSubscription } from '../../../storage/broker-state.ts';
import { parseFilter } from '../codec/filter.ts';
import { readMessageProperties } from '../codec/message-properties.ts';
import type { Qos } from '../codec/packet.ts';
import { PacketReader } from '../codec/packet-reader.ts';
import type { ChangeWriter } from './change-writer.ts';
import type { Dispatcher } from './dispatcher.ts';
import { fromStoredMessage, isExpired } from './message.ts';
import { packetIdOf } from './outbox.ts';
import type { RetainedMessages } from './retained-messages.ts';
import { Session, type Subscriber } from './session.ts';
import type { SessionStore } from './session-store.ts';
import { RESTORED, type Wills } from './wills.ts';

export interface RestorePorts {
  readonly writer: ChangeWriter;
  readonly dispatcher: Dispatcher;
  readonly store: SessionStore;
  readonly retained: RetainedMessages;
  readonly wills: Wills;
  readonly now: number;
  /** Whether somebody of that name may still come back. */
  readonly exists: (principal: Principal) => boolean;
  /** Whether what is retained there is nobody's. */
  readonly isOrphan: (topic: string) => boolean;
  /** For the wills of clients that were connected when the hub ended. */
  readonly willGraceSeconds: number;
}

/** Builds the broker from what is on disk, takes off the disk what is over, and gives the highest key that is in use. */
export function restore(stored: StoredBroker, ports: RestorePorts): number {
  const { writer, dispatcher, store, retained, wills, now } = ports;
  let lastKey = 0;
  const sessions = new Map<number, Session>();
  for (const { key, id, principal, expirySeconds, leftAt } of stored.sessions) {
    lastKey = Math.max(lastKey, key);
    const session = new Session(key, id, JSON.parse(principal) as Principal);
    session.stored = true;
    session.expirySeconds = expirySeconds;
    // Those that were connected are absent from now on.
    session.leftAt = leftAt ?? now;
    if (session.expiresAt <= now || !ports.exists(session.principal)) {
      writer.later({ kind: 'remove-session', session: key });
      continue;
    }
    sessions.set(key, session);
    store.restore(session);
    if (leftAt === null) writer.later({ kind: 'put-session', session: session.toStored() });
  }
  for (const subscription of stored.subscriptions) {
    const session = sessions.get(subscription.session);
    const subscriber = session ? toSubscriber(session, subscription) : null;
    if (subscriber) store.subscribe(subscriber, []);
  }
  for (const { session: key, packetId } of stored.incoming) {
    const session = sessions.get(key);
    if (!session) continue;
    session.incoming ??= new Set();
    session.incoming.add(packetId);
  }
  const messages = new Map(stored.messages.map((message) => [message.key, fromStoredMessage(message)]));
  for (const { key } of stored.messages) lastKey = Math.max(lastKey, key);
  for (const { session: key, sequence, message: messageKey, qos, retain, subscriptionIdentifiers, packetId, released } of stored.deliveries) {
    const session = sessions.get(key);
    const message = messages.get(messageKey);
    if (!session || !message) continue;
    const wasSent = packetId !== null || released;
    if (!wasSent && isExpired(message, now)) {
      writer.later({ kind: 'remove-delivery', session: key, sequence });
      continue;
    }
    dispatcher.restore(session, {
      sequence,
      packetId: packetIdOf(sequence),
      message,
      qos,
      retain,
      identifiers: subscriptionIdentifiers,
      state: 'waiting',
      released,
      releasing: false,
      wasSent,
      stored: true,
      handed: null,
      next: null,
    });
  }
  for (const message of messages.values()) if (message.references === 0) writer.later({ kind: 'remove-message', message: message.key });
  for (const message of stored.retained) {
    lastKey = Math.max(lastKey, message.key);
    if (isExpired(message, now) || ports.isOrphan(message.topic)) writer.later({ kind: 'remove-retained', topic: message.topic });
    else retained.restore(fromStoredMessage(message));
  }
  for (const { principal, dueAt, ...will } of stored.wills) {
    const whose = JSON.parse(principal) as Principal;
    if (!ports.exists(whose)) {
      writer.later({ kind: 'remove-will', session: will.session });
      continue;
    }
    // The end of a hub is no death: its clients get time to come back.
    const due = dueAt ?? now + Math.max(ports.willGraceSeconds, will.delaySeconds) * 1000;
    wills.restore({ ...will, ...RESTORED, principal: whose, contentType: will.properties === null ? null : contentTypeOf(will.properties) }, due);
  }
  return lastKey;
}

function toSubscriber(session: Session, { filter, options, identifier }: StoredSubscription): Subscriber | null {
  const parsed = parseFilter(filter);
  const qos = options & 3;
  if (parsed === null || qos > 2) return null;
  return {
    session,
    filter,
    shareName: parsed.shareName,
    topicFilter: parsed.topicFilter,
    options,
    qos: qos as Qos,
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    identifier,
    since: 0,
    recalled: true,
  };
}

/** What ingest is told of a will; the hub wrote these bytes itself, after it had checked them. */
function contentTypeOf(properties: Uint8Array): string | null {
  const length: number[] = [];
  for (let left = properties.length; left > 0 || length.length === 0; left >>= 7) length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  const bytes = Buffer.from([...length, ...properties]);
  return readMessageProperties(new PacketReader(bytes, 0, bytes.length), false)?.contentType ?? null;
}
