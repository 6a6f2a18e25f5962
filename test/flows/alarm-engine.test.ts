import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { openDatabase } from '../../src/lib/storage/system/driver.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

interface Raised {
  readonly rule: string;
  readonly kind: string;
}

const clientOf = ({ url }: TestHub, token: string): HubClient => {
  const client = createHubClient({ url, token });
  onTestFinished(() => client.close());
  return client;
};

async function engineOf({ url }: TestHub, token: string): Promise<{ readonly scriptsWaiting: number }> {
  return (await apiOf(url, token)('GET', '/status')).body.alarms;
}

async function journal(client: HubClient, kind: string): Promise<Raised[]> {
  const events: Raised[] = [];
  for await (const event of client.pages<Raised>('/events', { kind })) events.unshift(event);
  return events;
}

test('what a rule sets reaches the device that subscribes to it, whenever the hub is killed, each with one id', { timeout: 120_000 }, async () => {
  const first = await startHub();
  let hub = first;
  let client = clientOf(hub, first.token);
  const { credential } = await client.devices.create({ id: 'boiler', credential: 'token' });
  const bands = [{ level: 'major', high: 80 }];
  const actions = [
    { on: 'raised', set: { point: 'enabled', value: false } },
    { on: 'cleared', call: { name: 'beep', args: { times: 2 } } },
  ];
  await client.rules.create({ id: 'hot', scope: { points: 't' }, when: { bands }, requiresAck: false, actions });
  // Made by its first report, and only then can it be said to be a set point.
  await client.report('boiler', { values: { enabled: true } });
  await client.points.update('boiler', 'enabled', { kind: 'setpoint' });
  /** Ids of what came. */
  const received = new Set<string>();
  let copies = 0;
  let calls = 0;
  const connect = async () => {
    // What was queued for it may come in the same packet as the CONNACK: whoever listens is there before.
    const device = mqtt.connect(hub.mqttUrl, {
      ...{ username: 'boiler', password: credential?.secret ?? '', clientId: 'boiler', protocolVersion: 5, reconnectPeriod: 0 },
      ...{ clean: false, properties: { sessionExpiryInterval: 3600 } },
    });
    const connected = new Promise<void>((resolve) => device.once('connect', () => resolve()));
    device.on('error', () => undefined);
    onTestFinished(() => void device.end(true));
    device.on('message', (topic, payload) => {
      const { id, values, name, args } = JSON.parse(payload.toString());
      if (topic.endsWith('/call')) {
        calls += 1;
        expect({ name, args }).toEqual({ name: 'beep', args: { times: 2 } });
        return;
      }
      expect({ topic, values }).toEqual({ topic: 'devices/boiler/set', values: { enabled: false } });
      copies += 1;
      received.add(id);
      device.publish('devices/boiler/set/result', JSON.stringify({ id, state: 'applied' }), { qos: 1 });
    });
    await connected;
    await device.subscribeAsync(['devices/boiler/set', 'devices/boiler/call'], { qos: 1 });
    return device;
  };
  let device = await connect();
  for (let round = 0; round < 3; round += 1) {
    const before = received.size;
    const doomed = hub;
    if (round === 2) await device.endAsync(true);
    // Acknowledged is on disk: alarm and command with it. The hub dies before, while or after it is sent.
    await client.report('boiler', { values: { t: 90 } });
    if (round === 1) await waitUntil(() => received.size > before, 'the command came');
    await doomed.stop('SIGKILL');
    device.end(true);
    hub = await hub.restart();
    client = clientOf(hub, first.token);
    device = await connect();
    await waitUntil(() => received.size > before, 'the command came', 20_000);
    await client.report('boiler', { values: { t: 20 } });
    await waitUntil(() => calls > round, 'the call came', 20_000);
  }
  // One for each time that it was raised, however often the hub was killed.
  expect(received.size).toBe(3);
  expect(copies).toBeGreaterThanOrEqual(3);
});

test('windows of rules are filled from the stored samples after a kill, and scripts go on with their state', { timeout: 120_000 }, async () => {
  const first = await startHub();
  const client = clientOf(first, first.token);
  await client.devices.create({ id: 'plant' });
  const rules: { readonly [id: string]: object } = {
    trend: { scope: { points: 'trend' }, when: { trend: { window: '9m', limit: 100, direction: 'above', within: '5m', level: 'major' } } },
    rate: { scope: { points: 'rate' }, when: { rate: { over: '8m', per: '1m', levels: [{ level: 'major', high: 5 }] } } },
    anomaly: { scope: { points: 'anomaly' }, when: { anomaly: { against: 'own', window: '1h', deviations: 6, minSamples: 20, level: 'major' } } },
    joint: { scope: { device: 'plant' }, when: { joint: { points: { t: 'joint' }, last: 3, level: 'major', if: 't < 70 && avg(last.t) > 80' } } },
    script: {
      scope: { device: 'plant' },
      when: {
        script: {
          points: { t: 'script' },
          level: 'major',
          source:
            "function evaluate(input, state) {\n  const count = input.values.t > 80 ? (state ?? 0) + 1 : 0;\n  return { level: count >= 4 ? 'major' : null, text: 'hot ' + count + ' times', state: count };\n}",
        },
      },
    },
  };
  for (const [id, rule] of Object.entries(rules)) await client.rules.create({ id, ...rule });
  const now = Date.now();
  const begin = now - 540_000;
  const last = 39;
  for (let index = 0; index <= last; index += 1) {
    const noise = (index * 7) % 5;
    const values = {
      ...{ trend: 20 + index, rate: 10, anomaly: 20 + noise / 10, joint: index >= last - 1 ? 100 : 20 },
      ...(index >= last - 2 && { script: 90 }),
    };
    await client.report('plant', { ts: begin + index * 10_000, values });
  }
  await waitUntil(async () => (await engineOf(first, first.token)).scriptsWaiting === 0, 'the script has answered');
  expect(await journal(client, 'alarm.raised')).toEqual([]);
  // What a script keeps is written within seconds of its change, as it cannot be found again in the samples.
  const database = openDatabase(join(first.dataDirectory, 'system.db'), { readOnly: true });
  onTestFinished(() => database.close());
  const saved = () => JSON.stringify(database.prepare("select state from evaluations where rule = 'script'").all());
  await waitUntil(() => /state[^,]*3/.test(saved()), 'the state of the script is on disk', 15_000);
  await first.stop('SIGKILL');
  const again = await first.restart();
  const after = clientOf(again, first.token);
  await after.report('plant', { ts: now, values: { trend: 75, rate: 90, anomaly: 60, joint: 60, script: 90 } });
  const raised = async () => (await journal(after, 'alarm.raised')).map(({ rule }) => rule).sort();
  await waitUntil(async () => (await raised()).length === Object.keys(rules).length, 'all rules raised', 10_000).catch(() => undefined);
  expect(await raised()).toEqual(Object.keys(rules).sort());
});
