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
const SLACK_MS = 15_000;

/** Subscribers that take nothing while a lot is published: cut, and nobody waits for them. */
export async function subscribersThatNeverRead({ scope, findings }: ProofRun, hub: HubProcess, idleWriteTimeoutMs: number): Promise<void> {
  const before = hub.sockets();
  const application = await createApplication(hub, 'never-reads');
  for (const qos of [0, 1] as const) {
    const client = await signIn(hub.mqttPort, application, { version: qos === 0 ? 4 : 5, clientId: `never-reads-${qos}` });
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
  // The two subscribers of MQTT; the stream drops and counts, as it says.
  publisher.end();
  const allowed = before + 1;
  const cut = await comesTrue(() => hub.sockets() <= allowed + 1, idleWriteTimeoutMs + SLACK_MS, 100);
  if (!cut)
    findings.add(
      `subscribers that never read are not cut within ${idleWriteTimeoutMs} ms`,
      `${hub.sockets() - before} of 3 sockets are left, the stream's among them`,
    );
}
