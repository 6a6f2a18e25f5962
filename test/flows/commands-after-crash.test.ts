import mqtt, { type MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { requirePeer, runPeer } from '../helpers/peers.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const DEVICES = 12;
const ROUNDS = 4;

interface Settled {
  readonly id: string;
  readonly state: string;
  readonly device: string;
  readonly result: unknown;
}

test('whenever the hub is killed, each call that was acknowledged is answered once and for all, and none that was settled is asked again', {
  timeout: 180_000,
}, async () => {
  const first = await startHub();
  let hub: TestHub = first;
  let api = apiOf(hub.url, first.token);
  const secrets = new Map<string, string>();
  for (let index = 0; index < DEVICES; index += 1) {
    const { body } = await api('POST', '/devices', { id: `d${index}`, credential: 'token' });
    secrets.set(`d${index}`, body.credential.secret);
  }
  /** How often each command came, whether its result was acknowledged, and how often it came after that. */
  const came = new Map<string, { times: number; acknowledged: boolean; afterwards: number }>();
  let clients: MqttClient[] = [];
  onTestFinished(() => {
    for (const client of clients) client.end(true);
  });
  const connect = (id: string, lasting: boolean): MqttClient => {
    const client = mqtt.connect(hub.mqttUrl, {
      ...{ username: id, password: secrets.get(id) ?? '', clientId: id, protocolVersion: 5, reconnectPeriod: 0, clean: !lasting },
      ...(lasting && { properties: { sessionExpiryInterval: 3600 } }),
    });
    client.on('error', () => undefined);
    client.on('message', (_topic, payload) => {
      const command = JSON.parse(payload.toString());
      const known = came.get(command.id) ?? { times: 0, acknowledged: false, afterwards: 0 };
      came.set(command.id, known);
      known.times += 1;
      if (known.acknowledged) known.afterwards += 1;
      client.publish(`devices/${id}/call/result`, JSON.stringify({ id: command.id, state: 'applied', result: command.args }), { qos: 1 }, (error) => {
        if (!error) known.acknowledged = true;
      });
    });
    client.on('connect', () => client.subscribe([`devices/${id}/call`], { qos: 1 }, () => undefined));
    return client;
  };
  const asked = new Map<string, number>();
  let number = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    clients = [...secrets.keys()].map((id, index) => connect(id, index % 2 === 0));
    let dead = false;
    const doomed = hub;
    const askers = Array.from({ length: 4 }, async () => {
      while (!dead) {
        number += 1;
        const mine = number;
        const answer = await api('POST', `/devices/d${mine % DEVICES}/call`, { name: 'count', args: mine }).catch(() => null);
        if (answer?.status === 201) asked.set(answer.body.id, mine);
      }
    });
    const goal = asked.size + 150 + round * 37;
    await waitUntil(() => asked.size >= goal, 'enough was asked', 60_000);
    await doomed.stop('SIGKILL');
    dead = true;
    await Promise.all(askers);
    for (const client of clients) client.end(true);
    hub = await hub.restart();
    api = apiOf(hub.url, first.token);
  }
  clients = [...secrets.keys()].map((id, index) => connect(id, index % 2 === 0));
  const settled = new Map<string, Settled>();
  const readAll = async (): Promise<number> => {
    settled.clear();
    let open = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body }: { body: { items: Settled[]; cursor: string | null } } = await api(
        'GET',
        `/commands?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      for (const command of body.items) {
        if (command.state === 'applied') settled.set(command.id, command);
        else open += 1;
      }
      cursor = body.cursor;
    }
    return open;
  };
  await waitUntil(async () => (await readAll()) === 0, 'all are applied', 60_000);
  expect(asked.size).toBeGreaterThan(ROUNDS * 150);
  // Acknowledged is on disk, with its own arguments, and done. One whose answer was lost with the hub may be there besides.
  for (const [id, args] of asked) expect(settled.get(id)).toMatchObject({ device: `d${args % DEVICES}`, state: 'applied', result: args });
  expect(settled.size - asked.size).toBeLessThanOrEqual(ROUNDS * 4);
  expect([...came.keys()].filter((id) => !settled.has(id))).toEqual([]);
  expect([...came].filter(([, { afterwards }]) => afterwards > 0)).toEqual([]);
  // Sent again only where the acknowledgement was under way when the hub died.
  const again = [...came.values()].filter(({ times }) => times > 1).length;
  expect(again).toBeLessThanOrEqual(ROUNDS * DEVICES * 16);
});

test('mosquitto_sub is a device that is asked, once, whatever its session, and mosquitto_pub answers for it', { timeout: 60_000 }, async (context) => {
  requirePeer('mosquitto_sub', context);
  const hub = await startHub();
  const api = apiOf(hub.url, hub.token);
  const { body: created } = await api('POST', '/devices', { id: 'm1', credential: 'token' });
  const common = ['-h', '127.0.0.1', '-p', new URL(hub.mqttUrl).port, '-u', 'm1', '-P', created.credential.secret];
  const call = async (name: string): Promise<string> => (await api('POST', '/devices/m1/call', { name })).body.id;
  const idsHeard = async (count: number): Promise<string[]> => {
    const own = ['-V', 'mqttv311', '-c', '-i', 'm1', '-q', '1', '-t', 'devices/m1/call', '-C', String(count), '-W', '20'];
    const { code, stdout } = await runPeer('mosquitto_sub', [...common, ...own]).exited;
    expect(code).toBe(0);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
  };
  const one = await call('one');
  expect(await idsHeard(1)).toEqual([one]);
  await waitUntil(async () => (await api('GET', `/commands/${one}`)).body.state === 'delivered', 'it said that it has it');
  // It is away, its session is kept.
  const [two, three] = [await call('two'), await call('three')];
  expect(await idsHeard(2)).toEqual([two, three]);
  const answer = ['-q', '1', '-t', 'devices/m1/call/result', '-m', JSON.stringify({ id: two, state: 'rejected', reason: 'no' })];
  expect(await runPeer('mosquitto_pub', [...common, ...answer]).exited).toMatchObject({ code: 0 });
  expect((await api('GET', `/commands/${two}?wait=5000`)).body).toMatchObject({ state: 'rejected', reason: 'no' });
});
