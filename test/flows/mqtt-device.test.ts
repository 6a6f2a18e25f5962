import { connect } from 'node:net';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { requirePeer, runPeer } from '../helpers/peers.ts';
import { waitUntil } from '../helpers/wait-until.ts';

describe('a device on a real hub over MQTT', () => {
  let hub: TestHub;
  let api: ReturnType<typeof apiOf>;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    api = apiOf(hub.url, hub.token);
  });
  afterAll(async () => {
    await hub.stop();
  });
  const newDevice = async (id: string, more: object = {}) =>
    (await api('POST', '/devices', { id, credential: 'token', ...more })).body.credential.secret as string;
  const statusOf = async (id: string) => (await api('GET', `/devices/${id}`)).body.status;
  const connect = async (url: string, username: string, password: string, protocolVersion: 4 | 5 = 5) => {
    const client = await mqtt.connectAsync(url, { username, password, protocolVersion, reconnectPeriod: 0 });
    onTestFinished(() => void client.end(true));
    return client;
  };
  const valuesOf = async (id: string) =>
    (await api('GET', `/devices/${id}/samples?point=*`)).body.items.map(({ point, value }: { point: string; value: unknown }) => [point, value]);

  it.each([4, 5] as const)('is online within a second of its connection and offline within a second of its end (version %i)', async (version) => {
    const secret = await newDevice(`present-${version}`);
    const client = await connect(hub.mqttUrl, `present-${version}`, secret, version);
    await waitUntil(async () => (await statusOf(`present-${version}`)).online === true, 'it is online', 1000);
    expect(await statusOf(`present-${version}`)).toMatchObject({ lastAddress: '127.0.0.1', protocol: 'mqtt' });
    client.stream.destroy();
    await waitUntil(async () => (await statusOf(`present-${version}`)).online === false, 'it is offline', 1000);
  });

  it('reports over a WebSocket at /mqtt, and for the devices behind it', async () => {
    const secret = await newDevice('web-gw', { kind: 'gateway' });
    await newDevice('web-child', { parent: 'web-gw' });
    const client = await connect(`${hub.url.replace('http', 'ws')}/mqtt`, 'web-gw', secret, 4);
    await client.publishAsync('devices/web-gw/report', '{"load": 0.5}', { qos: 1 });
    await client.publishAsync('devices/web-child/report', '{"door": true}', { qos: 2 });
    expect(await valuesOf('web-gw')).toEqual([['load', 0.5]]);
    expect(await valuesOf('web-child')).toEqual([['door', true]]);
    expect(await statusOf('web-child')).toMatchObject({ online: true, protocol: 'mqtt-ws' });
  });

  it('is cut off at once when its credential is removed or it is disabled', async () => {
    const secret = await newDevice('cut');
    const client = await connect(hub.mqttUrl, 'cut', secret);
    const closed = new Promise<void>((done) => client.once('close', () => done()));
    const { items } = (await api('GET', '/devices/cut/credentials')).body;
    await api('DELETE', `/devices/cut/credentials/${items[0].id}`);
    await closed;
    await expect(mqtt.connectAsync(hub.mqttUrl, { username: 'cut', password: secret, reconnectPeriod: 0 })).rejects.toThrow(/[Nn]ot authorized|Bad user/);
  });

  it('does not see or touch what belongs to another device, and the attempt is visible', async () => {
    await newDevice('victim');
    const secret = await newDevice('intruder');
    const client = await connect(hub.mqttUrl, 'intruder', secret);
    await expect(client.publishAsync('devices/victim/report', '{"a": 1}', { qos: 1 })).rejects.toThrow(/[Nn]ot authorized/);
    await expect(client.subscribeAsync('devices/victim/set')).rejects.toThrow();
    await expect(client.subscribeAsync('#')).rejects.toThrow();
    expect(await valuesOf('victim')).toEqual([]);
    expect((await api('GET', '/devices/intruder')).body.counters.refused).toBeGreaterThanOrEqual(3);
    await waitUntil(async () => (await api('GET', '/devices/intruder/rejects')).body.items.length === 3, 'the attempts are kept');
    const kept = (await api('GET', '/devices/intruder/rejects')).body.items;
    expect(kept.map(({ step, topic }: { step: string; topic: string }) => `${step} ${topic}`)).toEqual([
      'subscribe #',
      'subscribe devices/victim/set',
      'authorize devices/victim/report',
    ]);
    expect(kept.at(-1)).toMatchObject({
      code: 'not_allowed',
      step: 'authorize',
      topic: 'devices/victim/report',
      payloadHead: '{"a": 1}',
    });
  });

  it('leaves a trace for its operator when its password is wrong or its packet is too large', async () => {
    const secret = await newDevice('clumsy');
    await expect(mqtt.connectAsync(hub.mqttUrl, { username: 'clumsy', password: 'wrong', reconnectPeriod: 0 })).rejects.toThrow();
    const client = await connect(hub.mqttUrl, 'clumsy', secret, 4);
    client.on('error', () => undefined);
    const closed = new Promise<void>((done) => client.once('close', () => done()));
    client.publish('devices/clumsy/report', Buffer.alloc(2_000_000, 0x20), { qos: 1 });
    await closed;
    const codes = async () =>
      (await api('GET', '/devices/clumsy/rejects')).body.items.map(({ code, step }: { code: string; step: string }) => `${step} ${code}`);
    await waitUntil(async () => (await codes()).length === 2, 'both are kept');
    expect(await codes()).toEqual(['receive payload_too_large', 'connect not_logged_in']);
    expect((await api('GET', '/devices/clumsy')).body.counters.refused).toBe(2);
  });

  it.for(['mqttv311', 'mqttv5'])('works with mosquitto_pub and mosquitto_sub (%s)', async (version, context) => {
    requirePeer('mosquitto_pub', context);
    const id = `mosquitto-${version}`;
    const secret = await newDevice(id);
    const common = ['-h', '127.0.0.1', '-p', new URL(hub.mqttUrl).port, '-V', version];
    const subscriber = runPeer('mosquitto_sub', [...common, '-u', 'operator', '-P', hub.token, '-t', `devices/${id}/report`, '-q', '1']);
    // Its subscription follows its connection; only a message that it hears tells that it is there.
    await waitUntil(
      async () => {
        const report = ['-u', id, '-P', secret, '-t', `devices/${id}/report`, '-q', '2', '-m', '{"temperature": 21.5}'];
        expect(await runPeer('mosquitto_pub', [...common, ...report]).exited).toMatchObject({ code: 0, stderr: '' });
        return subscriber.output().includes('{"temperature": 21.5}');
      },
      'mosquitto_sub hears a report',
      10_000,
    );
    expect(new Set((await valuesOf(id)).map(String))).toEqual(new Set(['temperature,21.5']));
  });
});

describe('an application that subscribes to a real hub over MQTT', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('gets what was acknowledged while it was away, though the hub ended by %s', async (signal) => {
    const hub = await startHub();
    const secret = (await apiOf(hub.url, hub.token)('POST', '/devices', { id: 'pump', credential: 'token' })).body.credential.secret as string;
    const lasting = { username: 'x', password: hub.token, clientId: 'dashboard', clean: false, protocolVersion: 5 as const, reconnectPeriod: 0 };
    const subscriber = await mqtt.connectAsync(hub.mqttUrl, { ...lasting, properties: { sessionExpiryInterval: 600 } });
    await subscriber.subscribeAsync('devices/pump/#', { qos: 2 });
    await subscriber.endAsync(true);
    const device = await mqtt.connectAsync(hub.mqttUrl, { username: 'pump', password: secret, reconnectPeriod: 0 });
    for (let count = 0; count < 20; count++) await device.publishAsync('devices/pump/report', `{"count": ${count}}`, { qos: count % 2 === 0 ? 1 : 2 });
    await device.publishAsync('devices/pump/birth', 'hello', { qos: 1, retain: true });
    device.on('error', () => undefined);
    await hub.stop(signal);
    await device.endAsync(true);

    const again = await hub.restart();
    const heard: string[] = [];
    const back = mqtt.connect(again.mqttUrl, { ...lasting, properties: { sessionExpiryInterval: 600 } });
    onTestFinished(() => void back.end(true));
    const present = new Promise<boolean>((resolve) => back.once('connect', ({ sessionPresent }) => resolve(sessionPresent)));
    back.on('message', (_topic, payload) => heard.push(String(payload)));
    expect(await present).toBe(true);
    await waitUntil(() => heard.length >= 21, 'everything is heard', 10_000);
    // A client hands on QoS 2 when it is released: the order holds for each QoS.
    const counts = (odd: number) => Array.from({ length: 10 }, (_, index) => `{"count": ${index * 2 + odd}}`);
    const isTwo = (text: string) => counts(1).includes(text);
    expect(heard.filter((text) => !isTwo(text))).toEqual([...counts(0), 'hello']);
    expect(heard.filter(isTwo)).toEqual(counts(1));
    const late = await mqtt.connectAsync(again.mqttUrl, { ...lasting, clientId: 'late' });
    onTestFinished(() => void late.end(true));
    const retained = new Promise<string>((resolve) => late.once('message', (_topic, payload, { retain }) => resolve(`${payload} ${retain}`)));
    await late.subscribeAsync('devices/+/birth');
    expect(await retained).toBe('hello true');
  });
});

describe('a hub with few descriptors', () => {
  it('refuses connections beyond them and goes on with everything else', async () => {
    const hub = await startHub([], { descriptorsMax: 400 });
    const api = apiOf(hub.url, hub.token);
    const secret = (await api('POST', '/devices', { id: 'pump', credential: 'token' })).body.credential.secret as string;
    const device = await mqtt.connectAsync(hub.mqttUrl, { username: 'pump', password: secret, reconnectPeriod: 0 });
    onTestFinished(() => void device.end(true));
    const { port } = new URL(hub.mqttUrl);
    let closed = 0;
    const sockets = Array.from({ length: 500 }, () => connect(Number(port), '127.0.0.1').on('error', () => undefined));
    for (const socket of sockets) socket.on('close', () => closed++);
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await waitUntil(() => closed > 200, 'those beyond the limit are closed', 10_000);
    await device.publishAsync('devices/pump/report', '{"a": 1}', { qos: 1 });
    expect((await api('GET', '/devices/pump/samples?point=*')).body.items).toHaveLength(1);
    expect(hub.log()).toContain('the limit of open files allows fewer connections');
  });
});
