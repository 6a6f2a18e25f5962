import mqtt, { type MqttClient } from 'mqtt';
import { expect, onTestFinished } from 'vitest';
import { apiOf } from './api.ts';
import { startHub, type TestHub } from './hub.ts';
import { waitUntil } from './wait-until.ts';

export interface JobOverKills {
  /** Devices behind one gateway. */
  readonly children: number;
  readonly asks: 'call' | 'config';
  readonly path: '/jobs' | '/jobs/config';
  /** Besides the selector: 20 at a time, after a tenth of them. */
  readonly job: object;
  /** The hub is killed each time so many answers were acknowledged. */
  readonly kills: readonly number[];
  /** `isSettled`: the hub has acknowledged an answer to this very command before. */
  readonly onAsked: (device: string, command: { readonly id: string; readonly version?: number }, isSettled: boolean) => void;
}

/** Runs a job to its end while its hub dies and starts again. The gateway answers at once; devices whose ids end with 7 reject. */
export async function jobOverKills({ children, asks, path, job, kills, onAsked }: JobOverKills) {
  const first = await startHub();
  let hub: TestHub = first;
  let api = apiOf(hub.url, first.token);
  const { body: gateway } = await api('POST', '/devices', { id: 'gw', kind: 'gateway', credential: 'token' });
  const ids = Array.from({ length: children }, (_, index) => `c${String(index).padStart(3, '0')}`);
  await api('POST', '/devices/batch', { mode: 'create', devices: ids.map((id) => ({ id, parent: 'gw', labels: { site: 'paris' } })) });
  const acknowledged = new Set<string>();
  const connect = async (): Promise<MqttClient> => {
    const client = mqtt.connect(hub.mqttUrl, { username: 'gw', password: gateway.credential.secret, clientId: 'gw', protocolVersion: 5, reconnectPeriod: 0 });
    client.on('error', () => undefined);
    onTestFinished(() => void client.end(true));
    client.on('message', (topic, payload) => {
      const command = JSON.parse(payload.toString());
      const device = topic.split('/')[1] ?? '';
      onAsked(device, command, acknowledged.has(command.id));
      const answer = device.endsWith('7') ? { state: 'rejected', reason: 'no' } : { state: 'applied' };
      client.publish(`${topic}/result`, JSON.stringify({ id: command.id, ...answer }), { qos: 1 }, (error) => {
        if (!error) acknowledged.add(command.id);
      });
    });
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    await client.subscribeAsync(
      ids.map((id) => `devices/${id}/${asks}`),
      { qos: 1 },
    );
    return client;
  };
  let client = await connect();
  const { body } = await api('POST', path, { selector: 'site=paris', ...job, concurrency: 20, stages: [10, 100] });
  for (const goal of kills) {
    await waitUntil(() => acknowledged.size >= goal, `${goal} have answered`, 30_000);
    await hub.stop('SIGKILL');
    client.end(true);
    hub = await hub.restart();
    api = apiOf(hub.url, first.token);
    client = await connect();
  }
  const view = async () => (await api('GET', `/jobs/${body.id}`)).body;
  await waitUntil(async () => (await view()).state === 'done', 'it is done', 60_000);
  const rejected = ids.filter((id) => id.endsWith('7'));
  expect(await view()).toMatchObject({ devices: children, summary: { applied: children - rejected.length, rejected: rejected.length, waiting: 0 } });
  return { api, ids, rejected, id: body.id as string };
}
