import type { CommandCarrier } from '../../control/control.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { MessageSource } from './sessions/message.ts';
import type { Session, Subscriber } from './sessions/session.ts';
import type { Audience } from './sessions/subscription-index.ts';
import type { Surroundings } from './surroundings.ts';
import { forwardAccess } from './topic-access.ts';

/** The broker's side of it: who began to listen. */
export interface MqttCommandCarrier extends CommandCarrier {
  listening(session: Session, topicFilter: string): void;
}

/**
 * Commands over MQTT: `devices/<device>/<kind>` with QoS 1 (0 to who subscribed so), to one connection that is there. No session keeps them: a device that comes back
 * would get them twice, from its session and from who sends them again. Applications that subscribe see what is sent, with QoS 0.
 */
export function createCommandCarrier(around: () => Surroundings): MqttCommandCarrier {
  let told: ((device: DeviceId | null) => void) | null = null;
  return {
    listens(device, kind) {
      const topic = `devices/${device}/${kind}`;
      return takerOf(around(), device, topic, around().index.match(topic)) !== null;
    },
    send(device, kind, { payload, expiresAt }, on) {
      const { index, dispatcher, ports } = around();
      const topic = `devices/${device}/${kind}`;
      const audience = index.match(topic);
      const taker = takerOf(around(), device, topic, audience);
      const seconds = Math.ceil((expiresAt - ports.clock()) / 1_000);
      if (taker === null || audience === null || seconds <= 0) return false;
      const source: MessageSource = { topic, payload, properties: null, qos: 1, retain: false, expirySeconds: seconds, sender: null };
      if (!dispatcher.hand(taker.session, taker.qos === 0 ? 0 : 1, source, on)) return false;
      const watchers = watchersIn(audience);
      if (watchers !== null) {
        const prepared = dispatcher.prepare(watchers, { ...source, qos: 0 }, []);
        if (prepared !== null) dispatcher.deliver(prepared);
      }
      return true;
    },
    onListening(listener) {
      told = listener;
    },
    listening({ principal }, topicFilter) {
      if (told === null || (principal.kind !== 'device' && principal.kind !== 'open')) return;
      const [root = '', device = ''] = topicFilter.split('/', 2);
      if (root === 'devices' && device !== '' && device !== '+' && device !== '#') told(device as DeviceId);
      else if (root === '#' || root === '+' || root === 'devices') told(null);
    },
  };
}

/**
 * Of all who subscribe, the one that it goes to: the device itself before its gateway, then whoever subscribed last. A device that is there twice is to do it once.
 */
function takerOf({ ports }: Surroundings, device: DeviceId, topic: string, audience: Audience | null): Subscriber | null {
  if (audience === null) return null;
  let best: Subscriber | null = null;
  for (const subscriber of candidatesIn(audience)) {
    const { principal, outlet } = subscriber.session;
    if (!outlet?.isOpen || !mayTake(subscriber) || !forwardAccess(ports, principal, topic)) continue;
    if (best === null || isBefore(subscriber, best, device)) best = subscriber;
  }
  return best;
}

function* candidatesIn({ plain, shared }: Audience): Iterable<Subscriber> {
  yield* plain;
  for (const { members } of shared) yield* members;
}

function mayTake({ session: { principal } }: Subscriber): boolean {
  return principal.kind === 'device' || principal.kind === 'open';
}

function isBefore(one: Subscriber, other: Subscriber, device: DeviceId): boolean {
  const rank = ({ session: { principal } }: Subscriber): number => (principal.kind === 'device' && principal.id === device ? 1 : 0);
  return rank(one) === rank(other) ? one.since > other.since : rank(one) > rank(other);
}

/** Applications that look on; null: none. */
function watchersIn({ plain, shared }: Audience): Audience | null {
  const lookOn = (subscriber: Subscriber): boolean => !mayTake(subscriber);
  const watchers = plain.filter(lookOn);
  const groups = shared.filter(({ members }) => members.every(lookOn));
  return watchers.length === 0 && groups.length === 0 ? null : { plain: watchers, shared: groups };
}
