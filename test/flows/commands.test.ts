import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

interface Received {
  readonly topic: string;
  readonly id: string;
  readonly values?: unknown;
  readonly name?: string;
  readonly args?: unknown;
}

/** A device on the wire: it keeps what it is asked, and answers when the test says so. */
class WireDevice {
  readonly received: Received[] = [];
  readonly client: MqttClient;
  readonly id: string;

  constructor(client: MqttClient, id: string) {
    this.client = client;
    this.id = id;
    client.on('message', (topic, payload) => void this.received.push({ topic, ...JSON.parse(payload.toString()) }));
  }

  async listen(device = this.id, qos: 0 | 1 = 1): Promise<this> {
    await this.client.subscribeAsync([`devices/${device}/set`, `devices/${device}/call`], { qos });
    return this;
  }

  async answer(kind: 'set' | 'call', answer: object, device = this.id): Promise<void> {
    await this.client.publishAsync(`devices/${device}/${kind}/result`, JSON.stringify(answer), { qos: 1 });
  }
}

describe('commands to devices over MQTT', () => {
  let hub: TestHub;
  let api: ReturnType<typeof apiOf>;
  const secrets = new Map<string, string>();

  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    api = apiOf(hub.url, hub.token);
    const points = [
      { path: 'target', kind: 'setpoint', valueType: 'number', min: 0, max: 90 },
      { path: 'mode', kind: 'parameter', valueType: 'string' },
      { path: 'temperature', kind: 'measure', valueType: 'number' },
    ];
    expect((await api('POST', '/types', { id: 'boiler', mode: 'strict', points })).status).toBe(201);
  });
  afterAll(async () => void (await hub.stop()));

  const newDevice = async (id: string, more: object = {}) => {
    const { body } = await api('POST', '/devices', { id, type: 'boiler', credential: 'token', ...more });
    secrets.set(id, body.credential.secret);
  };
  const connect = async (id: string, more: IClientOptions = {}) => {
    // What waits may come in the same packet as the CONNACK: whoever listens is there before.
    const client = mqtt.connect(hub.mqttUrl, { username: id, password: secrets.get(id) ?? '', protocolVersion: 5, reconnectPeriod: 0, ...more });
    const device = new WireDevice(client, id);
    onTestFinished(() => void client.end(true));
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    return device;
  };
  const set = async (id: string, values: object, more: object = {}) => (await api('POST', `/devices/${id}/set`, { values, ...more })).body;
  const command = async (id: string, wait = 5_000) => (await api('GET', `/commands/${id}?wait=${wait}`)).body;

  it('go from queued over sent and delivered to applied, each state with its time', async () => {
    await newDevice('b1');
    const asked = await set('b1', { target: 60 });
    expect(asked).toMatchObject({ device: 'b1', kind: 'set', name: 'target', value: { target: 60 }, state: 'queued', sentAt: null });
    const device = await (await connect('b1')).listen();
    await waitUntil(() => device.received.length === 1, 'it came');
    expect(device.received[0]).toMatchObject({ topic: 'devices/b1/set', id: asked.id, values: { target: 60 } });
    await waitUntil(async () => (await command(asked.id, 0)).state === 'delivered', 'it is delivered');
    await device.answer('set', { id: asked.id, state: 'applied' });
    const done = await command(asked.id);
    expect(done).toMatchObject({ state: 'applied', reason: null });
    expect(done.createdAt <= done.sentAt && done.sentAt <= done.deliveredAt && done.deliveredAt <= done.settledAt).toBe(true);
  });

  it('are rejected with the reason of a device that was away when it was asked', async () => {
    await newDevice('b2');
    const asked = await set('b2', { target: 61, mode: 'eco' });
    const device = await (await connect('b2')).listen();
    await waitUntil(() => device.received.length === 1, 'it came');
    await device.answer('set', { id: asked.id, state: 'rejected', reason: 'locked on the panel' });
    expect(await command(asked.id)).toMatchObject({ state: 'rejected', reason: 'locked on the panel', name: null });
  });

  it('answer calls with a result', async () => {
    await newDevice('b3');
    const device = await (await connect('b3')).listen();
    const { body: asked } = await api('POST', '/devices/b3/call', { name: 'valve/open', args: { percent: 40 } });
    await waitUntil(() => device.received.length === 1, 'it came');
    expect(device.received[0]).toMatchObject({ topic: 'devices/b3/call', name: 'valve/open', args: { percent: 40 } });
    await device.answer('call', { id: asked.id, state: 'applied', result: { position: 40 } });
    expect(await command(asked.id)).toMatchObject({ state: 'applied', result: { position: 40 } });
  });

  it('come once to a device whose session outlives its connection, however it comes back', async () => {
    await newDevice('b4');
    const lasting: IClientOptions = { clientId: 'b4', clean: false, properties: { sessionExpiryInterval: 3600 } };
    const first = await (await connect('b4', lasting)).listen();
    await first.client.endAsync();
    const asked = await set('b4', { target: 70 });
    const again = await connect('b4', lasting);
    await waitUntil(() => again.received.length === 1, 'it came without a new subscription');
    await again.answer('set', { id: asked.id, state: 'applied' });
    await command(asked.id);
    again.client.end(true);
    const third = await (await connect('b4', lasting)).listen();
    const marker = await set('b4', { target: 71 });
    await waitUntil(() => third.received.some(({ id }) => id === marker.id), 'the next came');
    expect(third.received.map(({ id }) => id)).toEqual([marker.id]);
  });

  it('go to one of two connections of a device, and to its gateway while it has none', async () => {
    await newDevice('gw', { kind: 'gateway' });
    await newDevice('child', { parent: 'gw' });
    const gateway = await (await connect('gw')).listen('child');
    const one = await set('child', { target: 1 });
    await waitUntil(() => gateway.received.length === 1, 'the gateway has it');
    await gateway.answer('set', { id: one.id, state: 'applied' }, 'child');
    expect(await command(one.id)).toMatchObject({ state: 'applied' });
    const left = await (await connect('child', { clientId: 'left' })).listen();
    const right = await (await connect('child', { clientId: 'right' })).listen();
    const two = await set('child', { target: 2 });
    await waitUntil(() => left.received.length + right.received.length === 1, 'one of them has it');
    await right.answer('set', { id: two.id, state: 'applied' });
    await command(two.id);
    expect([left.received.length, right.received.length, gateway.received.length]).toEqual([0, 1, 1]);
  });
});
