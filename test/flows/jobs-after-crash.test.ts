import mqtt, { type MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const CHILDREN = 300;

test('a job over devices behind a gateway goes on when the hub is killed in the middle, and asks nobody again that was asked', {
  timeout: 120_000,
}, async () => {
  const first = await startHub();
  let hub: TestHub = first;
  let api = apiOf(hub.url, first.token);
  const { body: gateway } = await api('POST', '/devices', { id: 'gw', kind: 'gateway', credential: 'token' });
  const ids = Array.from({ length: CHILDREN }, (_, index) => `c${String(index).padStart(3, '0')}`);
  for (const id of ids) await api('POST', '/devices', { id, parent: 'gw', labels: { site: 'paris' } });
  /** Ids of commands, by the device that they were for; and those whose answer the hub has acknowledged. */
  const asked = new Map<string, Set<string>>();
  const acknowledged = new Set<string>();
  const afterwards: string[] = [];
  let client: MqttClient | null = null as MqttClient | null;
  const connect = async (): Promise<void> => {
    client = mqtt.connect(hub.mqttUrl, { username: 'gw', password: gateway.credential.secret, clientId: 'gw', protocolVersion: 5, reconnectPeriod: 0 });
    const mine = client;
    mine.on('error', () => undefined);
    onTestFinished(() => void mine.end(true));
    mine.on('message', (topic, payload) => {
      const { id } = JSON.parse(payload.toString());
      const device = topic.split('/')[1] ?? '';
      if (acknowledged.has(id)) afterwards.push(id);
      asked.set(device, (asked.get(device) ?? new Set()).add(id));
      mine.publish(`${topic}/result`, JSON.stringify({ id, state: device.endsWith('7') ? 'rejected' : 'applied' }), { qos: 1 }, (error) => {
        if (!error) acknowledged.add(id);
      });
    });
    await new Promise<void>((resolve) => mine.once('connect', () => resolve()));
    await mine.subscribeAsync(
      ids.map((id) => `devices/${id}/call`),
      { qos: 1 },
    );
  };
  await connect();
  const { body: job } = await api('POST', '/jobs', { selector: 'site=paris', call: { name: 'restart' }, concurrency: 20, stages: [10, 100] });
  for (const goal of [40, 120, 200]) {
    await waitUntil(() => acknowledged.size >= goal, `${goal} have answered`, 30_000);
    await hub.stop('SIGKILL');
    client?.end(true);
    hub = await hub.restart();
    api = apiOf(hub.url, first.token);
    await connect();
  }
  const view = async () => (await api('GET', `/jobs/${job.id}`)).body;
  await waitUntil(async () => (await view()).state === 'done', 'it is done', 60_000);
  expect(await view()).toMatchObject({ devices: CHILDREN, summary: { applied: CHILDREN - 30, rejected: 30, waiting: 0 } });
  // Each device has one command of the job, though that may have come twice; and none after its answer was acknowledged.
  expect(asked.size).toBe(CHILDREN);
  expect([...asked].filter(([, commands]) => commands.size !== 1)).toEqual([]);
  expect(afterwards).toEqual([]);
  const { body } = await api('GET', `/jobs/${job.id}/devices?state=rejected&limit=1000`);
  expect(body.items.map(({ device }: { device: string }) => device)).toEqual(ids.filter((id) => id.endsWith('7')));
});
