import { WebSocket } from 'ws';
import { signIn } from '../client.ts';
import { createApplication, createDevice } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { comesTrue } from '../waiting.ts';

/** 16 KB each: more than all buffers of the system on the way together. */
const MESSAGES = 4_000;
const TEXT = 'x'.repeat(16_000);
const WINDOW = 50;
/** Of the subscriber with QoS 1: what it has not acknowledged may fit into the buffers, so that nothing but its silence tells. */
const KEEP_ALIVE_SECONDS = 2;
const SLACK_MS = 15_000;

/** Subscribers that take nothing while a lot is published: cut, and nobody waits for them. */
export async function subscribersThatNeverRead({ scope, findings }: ProofRun, hub: HubProcess, idleWriteTimeoutMs: number): Promise<void> {
  const before = await connections(hub);
  const application = await createApplication(hub, 'never-reads');
  for (const qos of [0, 1] as const) {
    const client = await signIn(hub.mqttPort, application, {
      version: qos === 0 ? 4 : 5,
      clientId: `never-reads-${qos}`,
      keepalive: qos === 0 ? 0 : KEEP_ALIVE_SECONDS,
    });
    if (client === null) throw new Error('the subscriber was not let in');
    scope.defer(() => client.end());
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'devices/+/report', qos }] });
    if (!(await comesTrue(() => client.received.some(({ cmd }) => cmd === 'suback'), 5_000))) throw new Error('the subscriber was not served');
    client.socket.pause();
  }
  const stream = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream`, { headers: { authorization: `Bearer ${application.password}` } });
  stream.on('error', () => undefined);
  scope.defer(() => stream.terminate());
  await new Promise<void>((resolve, reject) => stream.once('open', resolve).once('error', reject));
  stream.pause();

  const publisher = await signIn(hub.mqttPort, await createDevice(hub, 'talks-a-lot'), { clientId: 'talks-a-lot' });
  if (publisher === null) throw new Error('the publisher was not let in');
  scope.defer(() => publisher.end());
  const base = Date.UTC(2025, 0, 1);
  let next = 0;
  let refused = 0;
  const talk = async () => {
    while (next < MESSAGES) {
      const number = next++;
      const code = await publisher.publish('devices/talks-a-lot/report', `{"ts":${base + number},"values":{"text":"${TEXT}"}}`);
      if (code !== 0) refused += 1;
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, talk));
  if (refused > 0) findings.add('a publisher was refused because of a subscriber that does not read', `${refused} of ${MESSAGES}`);
  // The stream drops and counts, as it says; the two subscribers of MQTT are cut, and the publisher has gone by itself.
  publisher.end();
  if (!(await comesTrue(async () => (await connections(hub)) <= before, idleWriteTimeoutMs + SLACK_MS, 100)))
    findings.add(`subscribers that never read are not cut within ${idleWriteTimeoutMs} ms`, `${(await connections(hub)) - before} of 2 are left`);
}

async function connections(hub: HubProcess): Promise<number> {
  const { body } = await hub.api('GET', '/status');
  const count: unknown = body.mqtt?.connections;
  if (typeof count !== 'number') throw new Error(`the hub does not tell its MQTT connections: ${JSON.stringify(body.mqtt)}`);
  return count;
}
