import type { BrokerChange } from '../../storage/broker-state.ts';
import { encodeSuback, encodeUnsuback } from './codec/encode.ts';
import type { SubscribePacket, Subscription, UnsubscribePacket } from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import { recordTrouble } from './refusals.ts';
import type { Outlet, Session, Subscriber } from './sessions/session.ts';
import type { Surroundings } from './surroundings.ts';
import { levelCount } from './topic.ts';
import { subscribeAccess } from './topic-access.ts';

/** Refused filters of one SUBSCRIBE that the operator is told of. */
const REFUSALS_TOLD = 10;
/** Of a filter. */
const TOLD_CHARACTERS = 256;

/** Who asks. */
export interface SubscribingClient extends Outlet {
  readonly scheme: string;
  readonly address: string | null;
}

/** SUBSCRIBE: what is granted is on disk before SUBACK says so; then come the retained messages. */
export function subscribe(
  around: Surroundings,
  connection: SubscribingClient,
  session: Session,
  { packetId, subscriptions, properties }: SubscribePacket,
): void {
  const { store, retained, dispatcher, writer } = around;
  const changes: BrokerChange[] = [];
  let refusals = 0;
  const granted: { readonly subscriber: Subscriber; readonly known: Subscriber | undefined; readonly wantsRetained: boolean }[] = [];
  const codes = subscriptions.map((subscription) => {
    const objection = objectionTo(around, session, subscription);
    if (objection !== null) {
      around.counters.refused++;
      if (++refusals <= REFUSALS_TOLD) tell(around, connection, session, subscription, objection.reason);
      return objection.code;
    }
    const { filter, shareName, topicFilter, options, qos, noLocal, retainAsPublished, retainHandling } = subscription;
    const identifier = properties.subscriptionIdentifier ?? null;
    const subscriber: Subscriber = { session, filter, shareName, topicFilter, options, qos, noLocal, retainAsPublished, identifier, since: 0, recalled: false };
    const known = session.subscriptions?.get(filter);
    store.subscribe(subscriber, changes);
    // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]; never for shared subscriptions (section 4.8.2).
    const wantsRetained = shareName === null && (retainHandling === 0 || (retainHandling === 1 && !known));
    granted.push({ subscriber, known, wantsRetained });
    return qos;
  });
  const succeed = () => {
    connection.send(encodeSuback(connection.version, packetId, codes, {}, connection.packetBytesMax));
    for (const { subscriber, wantsRetained } of granted) {
      if (!wantsRetained || session.subscriptions?.get(subscriber.filter) !== subscriber) continue;
      const identifiers = subscriber.identifier === null ? [] : [subscriber.identifier];
      subscriber.recalled = true;
      dispatcher.recall(session, { filter: subscriber.filter, messages: retained.matching(subscriber.topicFilter), qos: subscriber.qos, identifiers });
    }
    if (session.backlog !== null) dispatcher.pump(session);
    for (const { subscriber } of granted) if (session.subscriptions?.get(subscriber.filter) === subscriber) around.listening(session, subscriber.topicFilter);
  };
  if (changes.length === 0) succeed();
  else
    writer.durable(changes).then(succeed, () => {
      for (const { subscriber, known } of granted.reverse()) {
        if (session.subscriptions?.get(subscriber.filter) !== subscriber) continue;
        if (known) store.subscribe(known, []);
        else store.unsubscribe(session, subscriber.filter, []);
      }
      const refused = codes.map((code) => (code < 0x80 ? REASON.implementationSpecific : code));
      connection.send(encodeSuback(connection.version, packetId, refused, {}, connection.packetBytesMax));
    });
}

/** UNSUBSCRIBE: nothing more is delivered from here on; UNSUBACK waits for the disk. */
export function unsubscribe(around: Surroundings, connection: SubscribingClient, session: Session, { packetId, filters }: UnsubscribePacket): void {
  const { store, writer } = around;
  const changes: BrokerChange[] = [];
  const codes = filters.map((filter) => (store.unsubscribe(session, filter, changes) ? REASON.success : REASON.noSubscriptionExisted));
  const answer = () => connection.send(encodeUnsuback(connection.version, packetId, codes, {}, connection.packetBytesMax));
  if (changes.length === 0) answer();
  // Without the disk it holds as long as the hub runs; the client may ask again.
  else writer.durable(changes).then(answer, () => connection.cut(REASON.implementationSpecific, 'the hub cannot write to its disk'));
}

/** So that the operator of the device sees why nothing comes. */
function tell(around: Surroundings, { scheme, address }: SubscribingClient, { principal }: Session, { filter }: Subscription, reason: string): void {
  const device = principal.kind === 'device' ? principal.id : undefined;
  const topic = filter.slice(0, TOLD_CHARACTERS);
  recordTrouble(around, { device, scheme, address }, { code: 'not_allowed', step: 'subscribe', reason, topic });
  around.ports.log.debug({ protocol: scheme, address, filter: topic, reason }, 'subscription refused');
}

/** What refuses a filter, or null. */
function objectionTo({ ports }: Surroundings, session: Session, { filter, topicFilter }: Subscription): { code: ReasonCode; reason: string } | null {
  const { settings } = ports;
  const refused = (reason: string, code: ReasonCode = REASON.notAuthorized) => ({ code, reason });
  if (levelCount(topicFilter) > settings['mqtt.topic-levels-max'])
    return refused(`a topic filter has more than ${settings['mqtt.topic-levels-max']} levels`, REASON.filterInvalid);
  const denied = settings['mqtt.refuse-subscriptions'];
  if (denied.includes(filter) || denied.includes(topicFilter)) return refused('the settings refuse this filter');
  const isNew = !session.subscriptions?.has(filter);
  if (isNew && (session.subscriptions?.size ?? 0) >= settings['mqtt.subscriptions-max'])
    return refused(`more than ${settings['mqtt.subscriptions-max']} topic filters`, REASON.quotaExceeded);
  if (isNew && session.filterLength + filter.length > settings['mqtt.subscription-bytes-max'])
    return refused(`more than ${settings['mqtt.subscription-bytes-max']} bytes of topic filters`, REASON.quotaExceeded);
  // Those with the same claim are strangers to each other: they share nothing.
  const decision = subscribeAccess(ports, session.principal, session.principal.kind === 'claim' ? filter : topicFilter);
  return decision.ok ? null : refused(decision.reason);
}
