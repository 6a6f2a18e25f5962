import type { Findings } from '../findings.ts';
import type { Credentials } from '../fleet.ts';
import type { Door } from '../mqtt/doors.ts';
import { DurableClient } from '../mqtt/durable-client.ts';
import { comesTrue, pause } from '../waiting.ts';
import type { Sender } from './senders.ts';
import { numberIn } from './shapes.ts';

export interface Subscriber {
  readonly name: string;
  readonly qos: 1 | 2;
  readonly client: DurableClient;
  /** By device, in the order of arrival. */
  readonly received: ReadonlyMap<string, readonly number[]>;
}

export function createSubscriber(options: {
  readonly name: string;
  readonly qos: 1 | 2;
  readonly version: 4 | 5;
  readonly credentials: Credentials | null;
  readonly door: Door;
  readonly findings: Findings;
  readonly filter?: string;
}): Subscriber {
  const { name, qos, version, credentials, door, findings, filter = 'devices/+/report' } = options;
  const received = new Map<string, number[]>();
  const client = new DurableClient({
    clientId: name,
    credentials,
    version,
    door,
    findings,
    receiveMaximum: 20,
    subscribe: { filter, qos },
    onMessage(packet) {
      const device = packet.topic.split('/')[1] ?? '';
      const numbers = received.get(device) ?? [];
      received.set(device, numbers);
      numbers.push(numberIn(packet.payload.toString()));
    },
  });
  client.start();
  return { name, qos, client, received };
}

/** Waits until the subscribers have together what their senders were promised, or nothing more comes. */
export async function caughtUp(subscribers: readonly Subscriber[], senders: readonly Sender[], deadlineMs: number): Promise<void> {
  const arrived = (device: string) => subscribers.flatMap(({ received }) => received.get(device) ?? []);
  const total = () => senders.reduce((sum, { device }) => sum + arrived(device).length, 0);
  const missing = () => senders.some(({ device, acknowledged }) => new Set(arrived(device)).size < acknowledged.size);
  let last = -1;
  // Something has to come every two seconds.
  await comesTrue(async () => {
    if (!missing()) return true;
    const stalled = last === total();
    last = total();
    if (!stalled) await pause(2000);
    return stalled;
  }, deadlineMs);
  // Nothing may come twice: whatever is still on its way arrives before it is judged.
  let before = -1;
  await comesTrue(async () => {
    const same = before === total();
    before = total();
    if (!same) await pause(300);
    return same;
  }, deadlineMs);
}

/** MQTT 3.1.1 section 4.3 and 4.6: at least once in order for QoS 1, exactly once in order for QoS 2. */
export function judge(subscriber: Subscriber, sender: Sender, findings: Findings): void {
  const numbers = subscriber.received.get(sender.device) ?? [];
  const qos = Math.min(subscriber.qos, sender.qos);
  const who = `${subscriber.name} from ${sender.device}`;
  const seen = new Set<number>();
  let highest = -1;
  for (const number of numbers) {
    if (seen.has(number)) {
      if (qos === 2) findings.add('a subscriber got a message of QoS 2 twice', `${who}: ${number}`);
      continue;
    }
    seen.add(number);
    if (number >= sender.sent) findings.add('a subscriber got what nobody sent', `${who}: ${number}`);
    if (number < highest) findings.add(`a subscriber got messages of QoS ${qos} out of order`, `${who}: ${number} after ${highest}`);
    highest = Math.max(highest, number);
  }
  for (const number of sender.acknowledged) {
    if (!seen.has(number)) findings.add(`an acknowledged message of QoS ${qos} never reached a persistent session`, `${who}: ${number} of ${sender.sent}`);
  }
}

/** Of those who share a subscription one gets each message: together at least once for QoS 1, exactly once for QoS 2. */
export function judgeShared(sharers: readonly Subscriber[], sender: Sender, findings: Findings): void {
  const numbers = sharers.flatMap(({ received }) => received.get(sender.device) ?? []);
  const seen = new Set(numbers);
  const qos = Math.min(sender.qos, ...sharers.map((sharer) => sharer.qos));
  if (qos === 2 && numbers.length > seen.size) {
    const counts = new Map<number, number>();
    for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
    const repeated = [...counts].filter(([, count]) => count > 1).map(([number]) => number);
    findings.add('those who share a subscription got a message of QoS 2 twice', `${sender.device}: ${repeated.slice(0, 5).join(', ')}`);
  }
  for (const number of seen) if (!(number < sender.sent)) findings.add('those who share a subscription got what nobody sent', `${sender.device}: ${number}`);
  for (const number of sender.acknowledged)
    if (!seen.has(number)) findings.add(`an acknowledged message of QoS ${qos} reached none of those who share a subscription`, `${sender.device}: ${number}`);
}
