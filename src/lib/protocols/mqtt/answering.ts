import type { Session } from './sessions/session.ts';
import type { Surroundings } from './surroundings.ts';

type Around = Pick<Surroundings, 'index' | 'dispatcher'>;

/** Does this very client listen to the topic? A shared subscription does not count: its next member may be somebody else. */
export function listens({ index }: Around, session: Session, topic: string): boolean {
  return index.match(topic)?.plain.some((subscriber) => subscriber.session === session) ?? false;
}

/**
 * A message of the hub to one client alone, whoever else subscribes to the topic: it may hold a secret. With QoS 0, or to a session that is not kept, nothing of it comes
 * to the disk. A client that does not listen gets nothing.
 */
export function answerAlone({ index, dispatcher }: Around, session: Session, topic: string, payload: Uint8Array, qos: 0 | 1): void {
  const plain = index.match(topic)?.plain.filter((subscriber) => subscriber.session === session) ?? [];
  if (plain.length === 0) return;
  const source = { topic, payload, properties: null, qos: session.stored ? 0 : qos, retain: false, expirySeconds: null, sender: null } as const;
  const prepared = dispatcher.prepare({ plain, shared: [] }, source, []);
  if (prepared !== null) dispatcher.deliver(prepared);
}
