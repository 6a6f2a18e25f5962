import type { Log } from '../../domain/log.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type {
  BrokerChange,
  BrokerStorage,
  StoredBroker,
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredWill,
} from '../broker-state.ts';
import { CommitError, type CommitLog } from '../commit-log.ts';
import type { ReadDatabase } from './database.ts';

/** A row as the database gives it; what is damaged may hold anything. */
type Row = Readonly<Record<string, unknown>>;

const SESSIONS = 'select * from broker_sessions order by key';
const SUBSCRIPTIONS = 'select * from broker_subscriptions order by session, filter';
const MESSAGES = 'select * from broker_messages order by key';
const DELIVERIES = 'select * from broker_deliveries order by session, sequence';
const INCOMING = 'select * from broker_incoming order by session, packet_id';
const RETAINED = 'select * from broker_retained order by topic';
const WILLS = 'select * from broker_wills order by session';

/** The broker's state in the tables of schema.ts. The writer has brought them up to date before it was ready. */
export function createBroker(database: () => ReadDatabase, commits: CommitLog, log: Log): BrokerStorage {
  return {
    async load() {
      const { state, removals, damaged } = read(database());
      if (damaged > 0) log.error({ rows: damaged }, 'rows of the broker are damaged; they are left out and removed');
      if (removals.length > damaged)
        log.warn({ rows: removals.length - damaged }, 'the broker holds messages or deliveries that belong to nothing; they are removed');
      // The next start is another chance.
      if (removals.length > 0)
        commits.commit({ changes: removals }).catch((error: unknown) => log.warn({ reason: String(error) }, 'they could not be removed'));
      return state;
    },
    async commit(changes) {
      try {
        await commits.commit({ changes });
      } catch (error: unknown) {
        if (!(error instanceof CommitError)) throw error;
        throw new MusterError(error.reason === 'overloaded' ? 'overloaded' : 'storage_failed', error.message, { cause: error });
      }
    },
  };
}

/** Everything that can be used, and the changes that remove the rest. */
function read(database: ReadDatabase): { state: StoredBroker; removals: readonly BrokerChange[]; damaged: number } {
  const removals: BrokerChange[] = [];
  let damaged = 0;
  /** Rows without those that are damaged. */
  function sound<Stored>(sql: string, parse: (row: Row) => Stored | null, remove: (row: Row) => BrokerChange): Stored[] {
    const found: Stored[] = [];
    for (const row of database.all<Row>(sql)) {
      const stored = parse(row);
      if (stored === null) {
        damaged += 1;
        removals.push(remove(row));
      } else found.push(stored);
    }
    return found;
  }
  /** Parts of what is there; the others are removed without a word about damage. */
  function belonging<Stored>(parts: Stored[], belongs: (part: Stored) => boolean, remove: (part: Stored) => BrokerChange): Stored[] {
    return parts.filter((part) => {
      if (belongs(part)) return true;
      removals.push(remove(part));
      return false;
    });
  }

  const sessions = sound(SESSIONS, sessionOf, (row) => ({ kind: 'remove-session', session: Number(row.key) }));
  const known = new Set(sessions.map(({ key }) => key));
  const subscriptions = belonging(
    sound(SUBSCRIPTIONS, subscriptionOf, (row) => ({ kind: 'remove-subscription', session: Number(row.session), filter: String(row.filter) })),
    ({ session }) => known.has(session),
    ({ session, filter }) => ({ kind: 'remove-subscription', session, filter }),
  );
  const stored = sound(MESSAGES, messageOf, (row) => ({ kind: 'remove-message', message: Number(row.key) }));
  const keys = new Set(stored.map(({ key }) => key));
  const deliveries = belonging(
    sound(DELIVERIES, deliveryOf, (row) => ({ kind: 'remove-delivery', session: Number(row.session), sequence: Number(row.sequence) })),
    ({ session, message }) => known.has(session) && keys.has(message),
    ({ session, sequence }) => ({ kind: 'remove-delivery', session, sequence }),
  );
  const waitedFor = new Set(deliveries.map(({ message }) => message));
  const messages = belonging(
    stored,
    ({ key }) => waitedFor.has(key),
    ({ key }) => ({ kind: 'remove-message', message: key }),
  );
  const incoming = belonging(
    sound(INCOMING, incomingOf, (row) => ({ kind: 'remove-incoming', session: Number(row.session), packetId: Number(row.packet_id) })),
    ({ session }) => known.has(session),
    ({ session, packetId }) => ({ kind: 'remove-incoming', session, packetId }),
  );
  const retained = sound(RETAINED, messageOf, (row) => ({ kind: 'remove-retained', topic: String(row.topic) }));
  const wills = sound(WILLS, willOf, (row) => ({ kind: 'remove-will', session: String(row.session) }));
  return { state: { sessions, subscriptions, messages, deliveries, incoming, retained, wills }, removals, damaged };
}

function sessionOf({ key, id, principal, expiry_seconds: expirySeconds, left_at: leftAt }: Row): StoredSession | null {
  if (!isNumber(key) || !isText(id) || !isText(principal) || !isNumber(expirySeconds) || !isNumberOrNull(leftAt)) return null;
  return isJson(principal) ? { key, id, principal, expirySeconds, leftAt } : null;
}

function subscriptionOf({ session, filter, options, identifier }: Row): StoredSubscription | null {
  if (!isNumber(session) || !isText(filter) || !isNumber(options) || !isNumberOrNull(identifier)) return null;
  return { session, filter, options, identifier };
}

function messageOf(row: Row): StoredMessage | null {
  const { key, topic, payload, qos, retain, properties, sender, arrived_at: arrivedAt, expires_at: expiresAt } = row;
  if (!isNumber(key) || !isText(topic) || !isBytes(payload) || !isQos(qos) || !isBytesOrNull(properties)) return null;
  if ((sender !== null && !isText(sender)) || !isNumber(arrivedAt) || !isNumberOrNull(expiresAt)) return null;
  return { key, topic, payload, qos, retain: retain === 1, properties, sender, arrivedAt, expiresAt };
}

function deliveryOf({ session, sequence, message, qos, retain, identifiers, packet_id: packetId, released }: Row): StoredDelivery | null {
  if (!isNumber(session) || !isNumber(sequence) || !isNumber(message) || !isNumberOrNull(packetId)) return null;
  const subscriptionIdentifiers = identifiers === null ? [] : numbersOf(identifiers);
  if ((qos !== 1 && qos !== 2) || subscriptionIdentifiers === null) return null;
  return { session, sequence, message, qos, retain: retain === 1, subscriptionIdentifiers, packetId, released: released === 1 };
}

function incomingOf({ session, packet_id: packetId }: Row): { session: number; packetId: number } | null {
  return isNumber(session) && isNumber(packetId) ? { session, packetId } : null;
}

function willOf(row: Row): StoredWill | null {
  const { session, principal, topic, payload, qos, retain, properties } = row;
  const { message_expiry_seconds: messageExpirySeconds, delay_seconds: delaySeconds, due_at: dueAt } = row;
  if (!isText(session) || !isText(principal) || !isJson(principal) || !isText(topic) || !isBytes(payload) || !isQos(qos)) return null;
  if (!isBytesOrNull(properties) || !isNumberOrNull(messageExpirySeconds) || !isNumber(delaySeconds) || !isNumberOrNull(dueAt)) return null;
  return { session, principal, topic, payload, qos, retain: retain === 1, properties, messageExpirySeconds, delaySeconds, dueAt };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}
function isNumberOrNull(value: unknown): value is number | null {
  return value === null || isNumber(value);
}
function isText(value: unknown): value is string {
  return typeof value === 'string';
}
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
function isBytesOrNull(value: unknown): value is Uint8Array | null {
  return value === null || isBytes(value);
}
function isQos(value: unknown): value is 0 | 1 | 2 {
  return value === 0 || value === 1 || value === 2;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function numbersOf(text: unknown): readonly number[] | null {
  try {
    const value: unknown = JSON.parse(String(text));
    return Array.isArray(value) && value.every(isNumber) ? value : null;
  } catch {
    return null;
  }
}
