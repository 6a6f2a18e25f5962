import type { BrokerChange } from '../broker-state.ts';
import type { SqlValue } from '../commit-log.ts';

/** Runs a statement of the writer. */
export type Run = (sql: string, ...parameters: SqlValue[]) => void;

const PUT_SESSION = 'insert or replace into broker_sessions (key, id, principal, expiry_seconds, left_at) values (?, ?, ?, ?, ?)';
const PUT_SUBSCRIPTION = 'insert or replace into broker_subscriptions (session, filter, options, identifier) values (?, ?, ?, ?)';
const PUT_MESSAGE =
  'insert or replace into broker_messages (key, topic, payload, qos, retain, properties, sender, arrived_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)';
const PUT_DELIVERY =
  'insert or replace into broker_deliveries (session, sequence, message, qos, retain, identifiers, packet_id, released) values (?, ?, ?, ?, ?, ?, ?, ?)';
const PUT_INCOMING = 'insert or replace into broker_incoming (session, packet_id) values (?, ?)';
const PUT_RETAINED =
  'insert or replace into broker_retained (topic, key, payload, qos, retain, properties, sender, arrived_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)';
const PUT_WILL = `insert or replace into broker_wills
  (session, principal, topic, payload, qos, retain, properties, message_expiry_seconds, delay_seconds, due_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
/** The session, then what is its own: each by the first part of a primary key. */
const REMOVE_SESSION = [
  'delete from broker_sessions where key = ?',
  ...['subscriptions', 'deliveries', 'incoming'].map((table) => `delete from broker_${table} where session = ?`),
];

/** Brings the tables of the broker (schema.ts) up to date with one change. */
export function writeBrokerChange(change: BrokerChange, run: Run): void {
  switch (change.kind) {
    case 'put-session': {
      const { key, id, principal, expirySeconds, leftAt } = change.session;
      run(PUT_SESSION, key, id, principal, expirySeconds, leftAt);
      return;
    }
    case 'remove-session':
      for (const sql of REMOVE_SESSION) run(sql, change.session);
      return;
    case 'put-subscription': {
      const { session, filter, options, identifier } = change.subscription;
      run(PUT_SUBSCRIPTION, session, filter, options, identifier);
      return;
    }
    case 'remove-subscription':
      run('delete from broker_subscriptions where session = ? and filter = ?', change.session, change.filter);
      return;
    case 'put-message': {
      const { key, topic, payload, qos, retain, properties, sender, arrivedAt, expiresAt } = change.message;
      run(PUT_MESSAGE, key, topic, payload, qos, Number(retain), properties, sender, arrivedAt, expiresAt);
      return;
    }
    case 'remove-message':
      run('delete from broker_messages where key = ?', change.message);
      return;
    case 'put-delivery': {
      const { session, sequence, message, qos, retain, subscriptionIdentifiers, packetId, released } = change.delivery;
      const identifiers = subscriptionIdentifiers.length === 0 ? null : JSON.stringify(subscriptionIdentifiers);
      run(PUT_DELIVERY, session, sequence, message, qos, Number(retain), identifiers, packetId, Number(released));
      return;
    }
    case 'remove-delivery':
      run('delete from broker_deliveries where session = ? and sequence = ?', change.session, change.sequence);
      return;
    case 'put-incoming':
      run(PUT_INCOMING, change.session, change.packetId);
      return;
    case 'remove-incoming':
      run('delete from broker_incoming where session = ? and packet_id = ?', change.session, change.packetId);
      return;
    case 'put-retained': {
      const { key, topic, payload, qos, retain, properties, sender, arrivedAt, expiresAt } = change.message;
      run(PUT_RETAINED, topic, key, payload, qos, Number(retain), properties, sender, arrivedAt, expiresAt);
      return;
    }
    case 'remove-retained':
      run('delete from broker_retained where topic = ?', change.topic);
      return;
    case 'put-will': {
      const { session, principal, topic, payload, qos, retain, properties, messageExpirySeconds, delaySeconds, dueAt } = change.will;
      run(PUT_WILL, session, principal, topic, payload, qos, Number(retain), properties, messageExpirySeconds, delaySeconds, dueAt);
      return;
    }
    case 'remove-will':
      run('delete from broker_wills where session = ?', change.session);
      return;
  }
}
