import type { BrokerChange } from '../../storage/broker-state.ts';
import type { Surroundings } from './surroundings.ts';

/** For as long as a client that is away may come back to it. */
const EXPIRY_SECONDS = 3_600;

/** A message of the hub itself, to whoever subscribes. Its changes are on disk before anybody gets it. */
export async function publishOwn({ index, dispatcher, writer }: Surroundings, topic: string, payload: Uint8Array): Promise<boolean> {
  const changes: BrokerChange[] = [];
  const source = { topic, payload, properties: null, qos: 1, retain: false, expirySeconds: EXPIRY_SECONDS, sender: null } as const;
  const prepared = dispatcher.prepare(index.match(topic), source, changes);
  if (prepared === null) return false;
  try {
    if (changes.length > 0) await writer.durable(changes);
  } catch (error: unknown) {
    dispatcher.revoke(prepared);
    throw error;
  }
  dispatcher.deliver(prepared);
  return prepared.queued.length > 0 || prepared.direct.length > 0;
}
