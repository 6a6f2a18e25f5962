import mqtt, { type MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { createRandom } from '../../src/lib/simulation/random.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const ROUNDS = 3;

interface Version {
  readonly version: number;
  readonly state: string;
  readonly reason: string | null;
  readonly document: { readonly n: number };
}

test('wishes that overlap, while device and hub come and go: each version is as the device says, the last one is wanted, what it applied is reported', {
  timeout: 180_000,
}, async () => {
  const random = createRandom(20261122);
  const first = await startHub();
  let hub: TestHub = first;
  let api = apiOf(hub.url, first.token);
  const { secret } = (await api('POST', '/devices', { id: 'm', credential: 'token' })).body.credential;
  /** What the device made of each version, in the order in which they came; it refuses every third. */
  const said = new Map<number, { id: string; version: number; state: 'applied' | 'rejected'; reason?: string; acknowledged: boolean; times: number }>();
  const order: number[] = [];
  let client: MqttClient | null = null as MqttClient | null;
  const tell = (mine: MqttClient, version: number): void => {
    const entry = said.get(version);
    if (entry === undefined) return;
    const { acknowledged: _, times: __, ...answer } = entry;
    mine.publish('devices/m/config/result', JSON.stringify(answer), { qos: 1 }, (error) => {
      if (!error) entry.acknowledged = true;
    });
  };
  const connect = (): void => {
    const mine = mqtt.connect(hub.mqttUrl, { username: 'm', password: secret, clientId: 'm', protocolVersion: 5, reconnectPeriod: 0 });
    client = mine;
    mine.on('error', () => undefined);
    mine.on('message', (_topic, payload) => {
      const { id, version, config } = JSON.parse(payload.toString());
      const known = said.get(version);
      if (known === undefined) {
        order.push(version);
        const rejects = config.n % 3 === 0;
        said.set(version, {
          id,
          version,
          state: rejects ? 'rejected' : 'applied',
          ...(rejects && { reason: `no ${config.n}` }),
          acknowledged: false,
          times: 1,
        });
      } else known.times += 1;
      tell(mine, version);
    });
    mine.on('connect', () => {
      for (const { version, acknowledged } of said.values()) if (!acknowledged) tell(mine, version);
      mine.subscribe('devices/m/config', { qos: 1 }, () => undefined);
    });
  };
  onTestFinished(() => void client?.end(true));
  const accepted = new Map<number, number>();
  let n = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 2 === 1) connect();
    for (let wish = 0; wish < 4; wish += 1) {
      const wanted = (await api('GET', '/devices/m/config')).body.wanted?.version ?? 0;
      // Two people who saw the same: one of them is told.
      const two = await Promise.all(
        [1, 2].map(async () => {
          n += 1;
          const mine = n;
          const { status, body } = await api('PUT', '/devices/m/config', { document: { n: mine }, ifVersion: wanted });
          if (status === 200 || status === 201) accepted.set(body.version, mine);
          return status;
        }),
      );
      expect(two.filter((status) => status === 409)).toHaveLength(1);
      expect(accepted.get(wanted + 1)).toBeDefined();
      if (round % 2 === 0 && wish === 2) connect();
    }
    await new Promise((resolve) => setTimeout(resolve, random() * 60));
    await hub.stop('SIGKILL');
    client?.end(true);
    hub = await hub.restart();
    api = apiOf(hub.url, first.token);
  }
  connect();
  const config = async () => (await api('GET', '/devices/m/config')).body;
  await waitUntil(async () => ['applied', 'rejected'].includes((await config()).wanted.state), 'the last wish has its answer', 20_000);
  await waitUntil(() => [...said.values()].every(({ acknowledged }) => acknowledged), 'the device was heard');
  const { items }: { items: Version[] } = (await api('GET', '/devices/m/config/versions?limit=100')).body;
  expect(items.map(({ version }) => version).sort((one, other) => one - other)).toEqual([...accepted.keys()]);
  for (const { version, document, state, reason } of items) {
    expect(document.n).toBe(accepted.get(version));
    const answer = said.get(version);
    // What a newer one took the place of never came, or was on its way just then: what the device says of it comes late.
    if (answer === undefined) expect({ version, state }).toEqual({ version, state: 'cancelled' });
    else if (state === 'cancelled') expect((await api('GET', `/commands/${answer.id}`)).body).toMatchObject({ lateAnswer: answer.state });
    else expect({ version, state, reason }).toEqual({ version, state: answer.state, reason: answer.reason ?? null });
  }
  expect(order).toEqual([...order].sort((one, other) => one - other));
  expect(said.size).toBeGreaterThanOrEqual(ROUNDS);
  const last = ROUNDS * 4;
  const inForce = order.filter((version) => said.get(version)?.state === 'applied').at(-1);
  const before = await config();
  expect(before).toMatchObject({ wanted: { version: last, document: { n: accepted.get(last) } }, reported: { version: inForce }, inSync: inForce === last });
  await hub.stop('SIGKILL');
  hub = await hub.restart();
  api = apiOf(hub.url, first.token);
  expect(await config()).toEqual(before);
});
