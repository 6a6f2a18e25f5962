import type { Principal } from '../../../access/principal.ts';
import type { Qos } from '../codec/packet.ts';
import type { Message } from './message.ts';
import type { Session, Subscriber } from './session.ts';
import type { SharedGroup } from './subscription-index.ts';

/** A session that is to get a message, and how. */
export interface Recipient {
  readonly session: Session;
  /** Of the delivery. */
  readonly qos: Qos;
  /** RETAIN as it is to be sent. */
  readonly retain: boolean;
  readonly identifiers: readonly number[];
}

export const NO_IDENTIFIERS: readonly number[] = [];

/** One copy for each session, at the highest QoS of its matching filters and with all of their identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-4]. */
export function recipientsOf(subscribers: readonly Subscriber[], message: Message): Iterable<Recipient> {
  const [first] = subscribers;
  if (first === undefined) return [];
  if (subscribers.length === 1) return isOwn(first, message) ? [] : [recipientOf(first, message)];
  const bySession = new Map<Session, Recipient>();
  for (const subscriber of subscribers) {
    if (isOwn(subscriber, message)) continue;
    const known = bySession.get(subscriber.session);
    const recipient = recipientOf(subscriber, message);
    bySession.set(subscriber.session, known ? together(known, recipient) : recipient);
  }
  return bySession.values();
}

/**
 * The member of a shared subscription whose turn it is: the next one that takes the message at once, else one that keeps it, with the
 * shortest queue. null: nobody does.
 */
export function memberOf(group: SharedGroup, message: Message, mayReceive: (principal: Principal, topic: string) => boolean): Recipient | null {
  const { members } = group;
  let keeper: Subscriber | null = null;
  for (let step = 0; step < members.length; step++) {
    const member = members[(group.next + step) % members.length] as Subscriber;
    const { session } = member;
    if (!mayReceive(session.principal, message.topic)) continue;
    const { outlet, outbox } = session;
    if (outlet?.isOpen && outlet.hasRoom() && (outbox === null || outbox.size < outlet.window)) {
      group.next = (group.next + step + 1) % members.length;
      return recipientOf(member, message);
    }
    const keeps = message.qos > 0 && member.qos > 0 && (outlet !== null || session.expirySeconds > 0);
    if (keeps && (keeper === null || (outbox?.size ?? 0) < (keeper.session.outbox?.size ?? 0))) keeper = member;
  }
  return keeper === null ? null : recipientOf(keeper, message);
}

export function lowerOf(one: Qos, other: Qos): Qos {
  return Math.min(one, other) as Qos;
}

/** No Local [MQTT-3.8.3-3]. */
function isOwn({ noLocal, session }: Subscriber, { sender }: Message): boolean {
  return noLocal && session.id === sender;
}

function recipientOf({ session, qos, retainAsPublished, identifier }: Subscriber, message: Message): Recipient {
  return {
    session,
    qos: lowerOf(message.qos, qos),
    retain: message.retain && retainAsPublished,
    identifiers: identifier === null ? NO_IDENTIFIERS : [identifier],
  };
}

function together(one: Recipient, other: Recipient): Recipient {
  const identifiers = [...new Set([...one.identifiers, ...other.identifiers])];
  return { session: one.session, qos: Math.max(one.qos, other.qos) as Qos, retain: one.retain || other.retain, identifiers };
}
