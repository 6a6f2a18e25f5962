import type { Principal } from '../../access/principal.ts';
import { messageOf } from '../../errors/muster-error.ts';
import type { AedesClient, ConnectPacket, PublishPacket, SubscriptionPacket } from './aedes-client.ts';
import type { Connection } from './connection.ts';
import { isUseless, Publishing } from './publishing.ts';
import { REASON, REFUSAL, type Refusal } from './reason-codes.ts';
import { recordRefusal, recordTrouble } from './refusals.ts';
import { NO_FILTERS } from './session-store.ts';
import { screen, sessionId, signIn } from './sign-in.ts';
import type { Surroundings } from './surroundings.ts';
import { forwardAccess, isWellFormed, parseDeviceTopic, publishAccess, subscribeAccess } from './topic-access.ts';

/** aedes adds these codes to CONNACK itself. */
interface ConnectError extends Error {
  returnCode: Refusal;
}
type Answer<Value = never> = (error: Error | null, value?: Value) => void;

/** What the hooks need beside the surroundings. */
export interface HookSurroundings {
  /** Empty until the broker exists, which wants its hooks first. */
  readonly around: () => Surroundings;
  readonly connectionOf: (client: AedesClient | null) => Connection | undefined;
  readonly isFull: () => boolean;
  /** Grows with every change of a credential. */
  readonly credentialChanges: () => number;
}

/** The questions that aedes asks about its clients, and our answers. */
export function brokerHooks({ around, connectionOf, isFull, credentialChanges }: HookSurroundings) {
  const connects = new WeakMap<AedesClient, ConnectPacket>();

  function preConnect(client: AedesClient, connect: ConnectPacket, answer: Answer<boolean>): void {
    // [MQTT-3.1.2-14]; the parser lets it pass.
    if (connect.will && connect.will.qos > 2) {
      answer(new Error('the QoS of the will is 3'), false);
      return;
    }
    const keepAliveMax = around().ports.settings['mqtt.keep-alive-max-seconds'];
    if (keepAliveMax > 0 && connect.protocolVersion === 5 && (connect.keepalive === 0 || connect.keepalive > keepAliveMax)) {
      // [MQTT-3.1.2-21]; told to the client in CONNACK.
      connect.keepalive = keepAliveMax;
      client._serverKeepAlive = keepAliveMax;
    }
    connects.set(client, connect);
    answer(null, true);
  }

  function authenticate(client: AedesClient, username: string | undefined, password: Buffer | undefined, answer: Answer<boolean>): void {
    const { ports, store } = around();
    const connection = connectionOf(client);
    const connect = connects.get(client);
    if (!connection || !connect) {
      answer(new Error('unknown connection'), false);
      return;
    }
    const refuse = (code: Refusal, reason: string) => {
      around().counters.refusedConnections++;
      ports.log.info({ protocol: connection.scheme, address: connection.address, user: username?.slice(0, 128), reason }, 'connection refused');
      recordTrouble(around(), { device: username, scheme: connection.scheme, address: connection.address }, { code: 'not_logged_in', step: 'connect', reason });
      answer(Object.assign(new Error(reason), { returnCode: code }) satisfies ConnectError, false);
    };
    if (isFull() || around().isDraining()) {
      refuse(REFUSAL.unavailable, 'the hub takes no more connections');
      return;
    }
    const objection = screen(ports, connect);
    if (objection) {
      refuse(objection.code, objection.reason);
      return;
    }
    const attempt = (triesLeft: number): void => {
      const before = credentialChanges();
      signIn(ports, connect, { username, password: password?.toString('utf8') ?? '' }, connection.address).then(
        (result) => {
          if (client.closed) return;
          // Credentials that changed while they were being checked are checked again.
          if (credentialChanges() !== before && triesLeft > 0) return attempt(triesLeft - 1);
          if (!result.ok) {
            if (!result.locked || client.version !== 5) return refuse(result.code, result.reason);
            around().counters.refusedConnections++;
            recordTrouble(
              around(),
              { device: username, scheme: connection.scheme, address: connection.address },
              { code: 'locked_out', step: 'connect', reason: result.reason },
            );
            return connection.refuse(REASON.quotaExceeded, result.reason);
          }
          const { principal, clientId } = result;
          const will = client._will;
          if (will) {
            const objectionToWill = willObjection(connection, principal, will);
            if (objectionToWill !== null) return refuse(REFUSAL.notAuthorized, `last will: ${objectionToWill}`);
          }
          client.id = sessionId(principal, clientId);
          if (client._assignedClientId !== undefined) client._assignedClientId = clientId;
          const session = store.open(client.id, principal, connection, { clean: connect.clean, now: ports.clock() });
          connection.principal = principal;
          connection.session = session;
          connection.publishing = new Publishing(around(), connection, principal, session);
          connection.will = will;
          answer(null, true);
        },
        (error: unknown) => {
          ports.log.error({ protocol: connection.scheme, address: connection.address, error: messageOf(error) }, 'a log-in could not be checked');
          refuse(REFUSAL.unavailable, 'the hub cannot check credentials now');
        },
      );
    };
    attempt(2);
  }

  /** null when the will may be published. A refusal is recorded. */
  function willObjection({ scheme, address }: Connection, principal: Principal, will: PublishPacket): string | null {
    const { ports } = around();
    if (!isWellFormed(will.topic, 'publish')) return 'the topic is malformed';
    if (will.topic.startsWith('$SYS/')) return '$SYS belongs to the hub';
    if (will.payload.length > ports.settings['limits.payload-bytes-max']) return 'the payload is too large';
    const decision = publishAccess(ports, principal, parseDeviceTopic(will.topic), true);
    if (decision.ok) return null;
    recordRefusal(around(), { principal, scheme, address }, will, decision);
    return decision.reason;
  }

  function authorizePublish(client: AedesClient | null, packet: PublishPacket, answer: Answer): void {
    const connection = connectionOf(client);
    if (!connection?.publishing) {
      answer(new Error('nobody to publish for'));
      return;
    }
    if (packet === connection.will) {
      publishWill(connection, packet, answer);
      return;
    }
    if (!connection.isEnding) connection.publishing.publish(packet);
    // It has been taken over, or refused: nothing is left for aedes to do.
    packet._notAuthorized = true;
    answer(null);
  }

  /** Asked again when the will is sent: the device may have been disabled since. */
  function publishWill(connection: Connection, will: PublishPacket, answer: Answer): void {
    const { ports, counters } = around();
    const objection = connection.principal ? willObjection(connection, connection.principal, will) : 'nobody left it';
    if (objection !== null) {
      answer(new Error(objection));
      return;
    }
    const topic = parseDeviceTopic(will.topic);
    const entry = topic?.kind === 'report' ? ports.directory.device(topic.device) : undefined;
    if (!entry || !connection.publishing) {
      answer(null);
      return;
    }
    counters.reports++;
    ports.ingest.accept(connection.publishing.inbound(will, entry.device, ports.clock())).then(
      (outcome) => answer(isUseless(outcome) && connection.principal?.kind !== 'open' ? new Error('the will holds nothing that can be taken') : null),
      (error: unknown) => {
        counters.failed++;
        answer(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  function authorizeSubscribe(client: AedesClient, subscription: SubscriptionPacket, answer: Answer<SubscriptionPacket | null>): void {
    const { ports, counters, store } = around();
    const connection = connectionOf(client);
    if (!connection?.principal) {
      answer(new Error('nobody to subscribe for'));
      return;
    }
    if (subscription === NO_FILTERS) {
      answer(null, null);
      return;
    }
    const filter = subscription.topic;
    if (!isWellFormed(filter, 'subscribe')) {
      // aedes finds most of these, not all. An MQTT 5 client is told; the hook stays unanswered, for the connection ends.
      connection.violate(REASON.filterInvalid, 'a topic filter is malformed');
      return;
    }
    const refused = (reason: string) => {
      counters.refused++;
      const device = connection.principal?.kind === 'device' ? connection.principal.id : undefined;
      recordTrouble(
        around(),
        { device, scheme: connection.scheme, address: connection.address },
        { code: 'not_allowed', step: 'subscribe', reason, topic: filter },
      );
      ports.log.debug({ protocol: connection.scheme, address: connection.address, filter, reason }, 'subscription refused');
      answer(null, null);
    };
    if (ports.settings['mqtt.refuse-subscriptions'].includes(filter)) {
      refused('the settings refuse this filter');
      return;
    }
    // Would be a filter that never matches: shared subscriptions do not exist here.
    if (filter.startsWith('$share/')) {
      refused('there are no shared subscriptions');
      return;
    }
    if (!(filter in client.subscriptions) && Object.keys(client.subscriptions).length >= ports.settings['mqtt.subscriptions-max']) {
      refused(`more than ${ports.settings['mqtt.subscriptions-max']} topic filters`);
      return;
    }
    const decision = subscribeAccess(ports, connection.principal, filter);
    if (!decision.ok) {
      refused(decision.reason);
      return;
    }
    store.grant(subscription);
    answer(null, subscription);
  }

  function authorizeForward(client: AedesClient, packet: PublishPacket): PublishPacket | null {
    const { ports, store, counters } = around();
    const connection = connectionOf(client);
    if (connection?.principal && forwardAccess(ports, connection.principal, packet.topic)) {
      if (connection.delivery.fits(packet)) {
        packet.qos = connection.delivery.grantedQoS(packet);
        return packet;
      }
      counters.dropped++;
    }
    store.discard(client.id, packet);
    return null;
  }

  return { preConnect, authenticate, authorizePublish, authorizeSubscribe, authorizeForward };
}
