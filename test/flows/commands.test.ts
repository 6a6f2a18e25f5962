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

  it('show what is wanted beside what is reported, with what became of it', async () => {
    await newDevice('b5');
    const device = await (await connect('b5')).listen();
    await device.client.publishAsync('devices/b5/report', '{"target": 50}', { qos: 1 });
    const asked = await set('b5', { target: 65 });
    await waitUntil(() => device.received.length === 1, 'it came');
    await device.answer('set', { id: asked.id, state: 'rejected', reason: 'locked' });
    await command(asked.id);
    const { body } = await api('GET', '/devices/b5/points/target');
    expect(body).toMatchObject({ latest: { value: 50 }, wanted: { value: 65, state: 'rejected', reason: 'locked', command: asked.id } });
    const list = (await api('GET', '/points?device=b5')).body.items.map(({ path, wanted }: { path: string; wanted: unknown }) => [path, wanted !== null]);
    expect(list).toEqual([
      ['mode', false],
      ['target', true],
      ['temperature', false],
    ]);
  });

  it('take no answer that is none: it is kept as rejected, with its reason', async () => {
    await newDevice('b6');
    await newDevice('b7');
    const device = await (await connect('b6')).listen();
    const other = await (await connect('b7')).listen();
    const asked = await set('b6', { target: 1 });
    await waitUntil(() => device.received.length === 1, 'it came');
    const refused = async (from: WireDevice, kind: 'set' | 'call', payload: object) => {
      const failure = await from.answer(kind, payload).then(
        () => null,
        (error: Error) => error,
      );
      expect(failure?.message).toMatch(/Payload format invalid/i);
    };
    await refused(other, 'set', { id: asked.id, state: 'applied' });
    await refused(device, 'call', { id: asked.id, state: 'applied' });
    await refused(device, 'set', { id: asked.id, state: 'done' });
    await refused(device, 'set', { state: 'applied' });
    await refused(device, 'set', { id: '0199ffff-0000-7000-8000-000000000000', state: 'applied' });
    await waitUntil(async () => (await command(asked.id, 0)).state === 'delivered', 'it is delivered');
    await device.answer('set', [
      { id: asked.id, state: 'applied' },
      { id: asked.id, state: 'applied' },
    ]);
    expect(await command(asked.id)).toMatchObject({ state: 'applied' });
    await refused(device, 'set', { id: asked.id, state: 'rejected' });
    const codes = async (id: string) =>
      (await api('GET', `/devices/${id}/rejects`)).body.items.map(({ code, step }: { code: string; step: string }) => [code, step]);
    expect(await codes('b7')).toEqual([['not_found', 'command']]);
    expect(await codes('b6')).toEqual([
      ['conflict', 'command'],
      ['not_found', 'command'],
      ['invalid', 'decode'],
      ['invalid', 'decode'],
      ['invalid', 'command'],
    ]);
  });

  it('are fetched and answered over HTTP by a device that speaks nothing else, and by nobody else', async () => {
    await newDevice('h1');
    await newDevice('h2');
    const asDevice = (id: string) => apiOf(hub.url, secrets.get(id) ?? '');
    const waiting = asDevice('h1')('GET', '/devices/h1/commands?wait=10000');
    const asked = await set('h1', { target: 5 });
    const { body } = await waiting;
    expect(body.items).toEqual([{ id: asked.id, kind: 'set', ts: asked.createdAt, expiresAt: asked.expiresAt, values: { target: 5 } }]);
    // Its answer may have been lost: the same comes again, but not behind what it says it has.
    expect((await asDevice('h1')('GET', '/devices/h1/commands')).body.items).toHaveLength(1);
    expect((await asDevice('h1')('GET', `/devices/h1/commands?after=${asked.id}`)).body.items).toEqual([]);
    await waitUntil(async () => (await command(asked.id, 0)).state === 'delivered', 'it counts as delivered');
    expect((await asDevice('h2')('GET', '/devices/h1/commands')).status).toBe(403);
    expect((await asDevice('h2')('POST', `/devices/h1/commands/${asked.id}/result`, { state: 'applied' })).status).toBe(403);
    expect((await asDevice('h2')('POST', `/devices/h2/commands/${asked.id}/result`, { state: 'applied' })).status).toBe(404);
    expect((await asDevice('h1')('POST', '/devices/h1/set', { values: { target: 6 } })).status).toBe(403);
    const { status, body: done } = await asDevice('h1')('POST', `/devices/h1/commands/${asked.id}/result`, { state: 'applied' });
    expect([status, done.state]).toEqual([200, 'applied']);
    expect((await api('GET', '/devices/h1')).body.status).toMatchObject({ protocol: 'http' });
  });

  it('are seen by an application that looks on, which takes them from nobody', async () => {
    await newDevice('b8');
    const watcher = await mqtt.connectAsync(hub.mqttUrl, { username: hub.token, protocolVersion: 5, reconnectPeriod: 0 });
    onTestFinished(() => void watcher.end(true));
    const seen: string[] = [];
    watcher.on('message', (topic) => void seen.push(topic));
    await watcher.subscribeAsync('devices/b8/#', { qos: 1 });
    const asked = await set('b8', { target: 1 });
    const device = await (await connect('b8')).listen();
    await waitUntil(() => device.received.length === 1, 'the device has it');
    await device.answer('set', { id: asked.id, state: 'applied' });
    await waitUntil(() => seen.length === 2, 'the application saw both');
    expect(seen).toEqual(['devices/b8/set', 'devices/b8/set/result']);
  });

  it('with QoS 0 are sent, applied when the device says so, and sent again when its connection was lost before', async () => {
    await newDevice('b9');
    const device = await (await connect('b9')).listen('b9', 0);
    const asked = await set('b9', { target: 1 });
    await waitUntil(() => device.received.length === 1, 'it came');
    await waitUntil(async () => (await command(asked.id, 0)).state === 'sent', 'it is sent');
    device.client.stream.destroy();
    const again = await (await connect('b9')).listen('b9', 0);
    await waitUntil(() => again.received.length === 1, 'it came again');
    expect(again.received[0]?.id).toBe(asked.id);
    await again.answer('set', { id: asked.id, state: 'applied' });
    expect(await command(asked.id)).toMatchObject({ state: 'applied' });
  });
});
