import type { Principal } from '../../access/principal.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { DeviceMessages } from '../../ingest/device-messages.ts';
import type { BrokerChange } from '../../storage/broker-state.ts';
import { isUseless } from './publishing.ts';
import { recordRefusal } from './refusals.ts';
import type { Will } from './sessions/wills.ts';
import type { Surroundings } from './surroundings.ts';
import { levelCount } from './topic.ts';
import { parseDeviceTopic, publishAccess, type TopicKind } from './topic-access.ts';

/** Failures of the moment: nobody but the hub can send the will again. */
const PASSING: ReadonlySet<string> = new Set(['overloaded', 'rate_limited', 'disk_full', 'storage_failed']);
const RETRY_MS = 1_000;

interface Sender {
  readonly principal: Principal;
  readonly scheme: string;
  readonly address: string | null;
}

/**
 * Bridges of mosquitto tell the broker on the other side so, with a will that is retained, whether they are there. As what they publish there, it is
 * taken and forgotten.
 */
export function isForNobody(principal: Principal, { topic }: { readonly topic: string }): boolean {
  return principal.kind === 'open' && topic.startsWith('$SYS/');
}

/** Why a will may not be published; null when it may. A refusal is recorded. */
export function willObjection(around: Surroundings, sender: Sender, will: { readonly topic: string; readonly payload: Uint8Array }): string | null {
  const { ports } = around;
  const { settings } = ports;
  if (levelCount(will.topic) > settings['mqtt.topic-levels-max']) return `the topic has more than ${settings['mqtt.topic-levels-max']} levels`;
  if (will.topic.startsWith('$SYS/')) return '$SYS belongs to the hub';
  if (will.payload.length > settings['limits.payload-bytes-max']) return 'the payload is too large';
  const decision = publishAccess(ports, sender.principal, parseDeviceTopic(will.topic), true);
  if (decision.ok) return null;
  recordRefusal(around, sender, will, decision);
  return decision.reason;
}

/** Sends the will of a lost client and takes it off the disk with what it brings. Asked again: the device may have been disabled since. */
export function publishWill(around: Surroundings, will: Will): void {
  const { ports, counters, writer, dispatcher, index, wills } = around;
  const gone: BrokerChange = { kind: 'remove-will', session: will.session };
  if (willObjection(around, will, will) !== null) {
    writer.later(gone);
    return;
  }
  const { topic, payload, properties, qos, retain, messageExpirySeconds, principal, scheme, address, contentType } = will;
  const changes: BrokerChange[] = [];
  const source = { topic, payload, properties, qos, retain, expirySeconds: messageExpirySeconds, sender: will.session };
  const prepared = dispatcher.prepare(index.match(topic), source, changes);
  changes.push(gone);
  const deliver = () => {
    if (prepared !== null) dispatcher.deliver(prepared);
  };
  const fail = (error: unknown) => {
    counters.failed++;
    if (prepared !== null) dispatcher.revoke(prepared);
    const comesAgain = error instanceof MusterError && PASSING.has(error.code) && !wills.has(will.session);
    if (comesAgain) wills.restore(will, ports.clock() + RETRY_MS);
    ports.log.warn({ protocol: scheme, topic, comesAgain, error: messageOf(error) }, 'a last will could not be stored');
  };
  const deviceTopic = parseDeviceTopic(topic);
  const entry = deviceTopic === null ? undefined : ports.directory.device(deviceTopic.device);
  const sink = deviceTopic === null ? undefined : (ports.deviceMessages as Partial<Record<TopicKind, DeviceMessages>>)[deviceTopic.kind];
  if (entry && sink) {
    const message = { device: entry.device, principal, protocol: scheme, address, topic, contentType, payload, receivedAt: ports.clock() };
    sink
      .accept(message)
      .then((outcome) => {
        if (!isUseless(outcome) || principal.kind === 'open') return writer.durable(changes).then(deliver);
        if (prepared !== null) dispatcher.revoke(prepared);
        return writer.durable([gone]);
      })
      .catch(fail);
    return;
  }
  if (!entry || deviceTopic?.kind !== 'report') {
    writer.durable(changes).then(deliver, fail);
    return;
  }
  counters.reports++;
  writer.flush();
  const message = { device: entry.device, principal, protocol: scheme, address, topic, contentType, payload, receivedAt: ports.clock(), alongside: changes };
  ports.ingest.accept(message).then((outcome) => {
    if (!isUseless(outcome) || principal.kind === 'open') deliver();
    else if (prepared !== null) dispatcher.revoke(prepared);
  }, fail);
}
