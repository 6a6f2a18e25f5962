import type { Principal } from '../../access/principal.ts';
import { isInService } from '../../domain/device.ts';
import type { BrokerChange } from '../../storage/broker-state.ts';
import { type MqttPorts, newCounters } from './ports.ts';
import { ChangeWriter } from './sessions/change-writer.ts';
import { Dispatcher } from './sessions/dispatcher.ts';
import { packetIdOf } from './sessions/outbox.ts';
import { restore } from './sessions/restore.ts';
import { RetainedMessages } from './sessions/retained-messages.ts';
import { SessionStore } from './sessions/session-store.ts';
import { SubscriptionIndex } from './sessions/subscription-index.ts';
import { Wills } from './sessions/wills.ts';
import type { Surroundings } from './surroundings.ts';
import { forwardAccess } from './topic-access.ts';
import { TopicTurns } from './topic-turns.ts';
import { publishWill } from './will-publishing.ts';

/** The parts of a broker, put together; `life` is what its owner knows. */
export function createBroker(
  ports: MqttPorts,
  life: Pick<Surroundings, 'isDraining' | 'isStopping' | 'settled' | 'ticks' | 'flushSoon' | 'credentialChanges' | 'listening'>,
): Surroundings & { load(): Promise<void> } {
  const { settings, log, clock } = ports;
  const counters = newCounters();
  let lastKey = 0;
  const nextKey = () => ++lastKey;
  const writer = new ChangeWriter(ports.broker, isCurrent, (error) =>
    log.error({ protocol: 'mqtt', error: String(error) }, 'what sessions hold cannot be written; it is tried again'),
  );
  const retained = new RetainedMessages(settings['mqtt.retained-messages-max'], settings['mqtt.retained-bytes-max']);
  const index = new SubscriptionIndex();
  const dispatcher = new Dispatcher({
    writer,
    retained,
    index,
    counters,
    clock,
    nextKey,
    limits: {
      messagesMax: settings['mqtt.session-messages-max'],
      bytesMax: settings['mqtt.session-bytes-max'],
      queuedBytesMax: settings['mqtt.queued-bytes-max'],
    },
    mayReceive: (principal, topic) => forwardAccess(ports, principal, topic),
  });
  const wills = new Wills(writer, (will) => publishWill(around, will));
  const store = new SessionStore({
    writer,
    dispatcher,
    index,
    wills,
    nextKey,
    absentMax: settings['mqtt.sessions-max'],
    absentOfDeviceMax: settings['mqtt.connections-per-device-max'],
  });
  const around = { ports, counters, writer, index, dispatcher, store, retained, wills, topicTurns: new TopicTurns(), ...life, load };
  return around;

  async function load(): Promise<void> {
    const stored = await ports.broker.load();
    lastKey = restore(stored, {
      writer,
      dispatcher,
      store,
      retained,
      wills,
      now: clock(),
      exists,
      isOrphan,
      willGraceSeconds: settings['mqtt.restart-will-grace-seconds'],
    });
    if (stored.sessions.length > 0)
      log.info({ protocol: 'mqtt', sessions: store.size, messages: dispatcher.queuedMessages, retained: retained.size }, 'sessions are there again');
  }

  /** Who is gone cannot come back to a session. Of tokens the hub hears when they are revoked, and forgets their sessions then. */
  function exists(principal: Principal): boolean {
    if (principal.kind === 'open') return settings['mqtt.open'];
    if (settings['mqtt.open']) return false;
    if (principal.kind !== 'device') return true;
    const device = ports.directory.device(principal.id)?.device;
    return device !== undefined && isInService(device.state) && device.project === principal.project;
  }

  /** Retained below a device that is gone: another one may take its name some day. */
  function isOrphan(topic: string): boolean {
    const [root, device] = topic.split('/', 2);
    return !settings['mqtt.open'] && root === 'devices' && device !== undefined && ports.directory.device(device) === undefined;
  }

  /** Whether a change that could not be written is still to be written. */
  function isCurrent(change: BrokerChange): boolean {
    switch (change.kind) {
      case 'put-session': {
        const session = store.byKey(change.session.key);
        return session?.stored === true && session.leftAt === change.session.leftAt && session.expirySeconds === change.session.expirySeconds;
      }
      case 'put-delivery': {
        const { session, sequence } = change.delivery;
        const delivery = store.byKey(session)?.outbox?.byId.get(packetIdOf(sequence));
        return delivery?.sequence === sequence && delivery.stored;
      }
      case 'put-retained':
        return retained.get(change.message.topic)?.key === change.message.key;
      case 'remove-retained':
        return retained.get(change.topic) === null;
      case 'remove-incoming': {
        const session = store.byKey(change.session);
        return !session?.incoming?.has(change.packetId) && !session?.settling?.has(change.packetId);
      }
      case 'put-will':
        return wills.isCurrent(change.will);
      case 'remove-will':
        return !wills.has(change.session);
      default:
        return true;
    }
  }
}
