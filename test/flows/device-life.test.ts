import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { requirePeer, runPeer } from '../helpers/peers.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { waitUntil } from '../helpers/wait-until.ts';

describe('the life of a device on a real hub', () => {
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
  const connect = async (username: string, password: string, more: mqtt.IClientOptions = {}) => {
    const client = await mqtt.connectAsync(hub.mqttUrl, { username, password, protocolVersion: 5, reconnectPeriod: 0, ...more });
    onTestFinished(() => void client.end(true));
    return client;
  };
  const onlineOf = async (id: string) => (await api('GET', `/devices/${id}`)).body.status.online as boolean;
  const eventsOf = async (device: string, kind: string) => (await api('GET', `/events?device=${device}&kind=${kind}`)).body.items;
  const muster = async (...args: string[]) => {
    const { code, stdout, stderr } = await runMuster([...args, '--json'], { env: hub.env });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };

  it('a disabled device is cut at once, refused, and comes back with the same credential when it is enabled', async () => {
    const secret = await newDevice('switched');
    const client = await connect('switched', secret);
    const closed = new Promise<void>((done) => client.once('close', () => done()));
    expect(await muster('device', 'disable', 'switched')).toMatchObject([{ id: 'switched', status: 'disabled', code: null }]);
    await closed;
    await expect(connect('switched', secret)).rejects.toThrow(/not authorized|bad user/i);
    const report = await fetch(`${hub.url}/api/v1/devices/switched/report`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect([401, 403]).toContain(report.status);
    await muster('device', 'enable', 'switched');
    await connect('switched', secret);
    await waitUntil(async () => (await eventsOf('switched', 'device.updated')).length === 2, 'both are journalled');
    expect((await eventsOf('switched', 'device.updated')).map(({ details }: { details: { after: unknown } }) => details.after)).toEqual([
      { state: 'active' },
      { state: 'disabled' },
    ]);
  });

  it('a retired device loses its credentials for good and keeps its data', async () => {
    const secret = await newDevice('old');
    const client = await connect('old', secret);
    await client.publishAsync('devices/old/report', '{"a":1}', { qos: 1 });
    const closed = new Promise<void>((done) => client.once('close', () => done()));
    await muster('device', 'retire', 'old', '--yes');
    await closed;
    expect((await api('GET', '/devices/old/credentials')).body.items).toEqual([]);
    expect((await api('GET', '/devices/old/samples?point=a')).body.items).toHaveLength(1);
    await muster('device', 'enable', 'old');
    await expect(connect('old', secret)).rejects.toThrow(/not authorized|bad user/i);
    expect((await api('PATCH', '/devices/old', { state: 'new' })).status).toBe(409);
  });

  it('a device in maintenance reports on, and nobody is told of its alarms or of those behind it', async () => {
    const secret = await newDevice('serviced', { kind: 'gateway' });
    await newDevice('behind', { parent: 'serviced' });
    await api('POST', '/rules', { id: 'hot', scope: { points: 'temperature' }, when: { bands: [{ level: 'minor', high: 80 }] } });
    await muster('device', 'maintain', 'serviced');
    const client = await connect('serviced', secret);
    for (const id of ['serviced', 'behind']) await client.publishAsync(`devices/${id}/report`, '{"temperature":90}', { qos: 1 });
    const suppressed = async () =>
      (await api('GET', '/alarms?rule=hot')).body.items
        .map(({ device, suppressedBy }: { device: string; suppressedBy: string[] }) => [device, suppressedBy])
        .sort();
    expect(await suppressed()).toEqual([
      ['behind', ['device:serviced']],
      ['serviced', ['device:serviced']],
    ]);
    await muster('device', 'enable', 'serviced');
    expect(await suppressed()).toEqual([
      ['behind', []],
      ['serviced', []],
    ]);
  });

  it('a birth is kept with what it says, told with what changed, and forgotten of twice by a repeat', async () => {
    const secret = await newDevice('gw', { kind: 'gateway' });
    const first = await connect('gw', secret, { clientId: 'main' });
    await first.publishAsync('devices/gw/birth', JSON.stringify({ model: 'GW-7', firmware: '2.4.0', health: ['modem/signal'] }), { qos: 1 });
    await first.publishAsync('devices/gw/birth', JSON.stringify({ model: 'GW-7', firmware: '2.4.1', boot: { reason: 'update' } }), { qos: 1 });
    await first.publishAsync('devices/gw/report', '{"$health/cpu": 12.5, "temperature": 3}', { qos: 1 });
    expect((await eventsOf('gw', 'device.born')).map(({ text }: { text: string }) => text)).toEqual([
      'gw began: firmware 2.4.1 (was 2.4.0), after update',
      'gw began: firmware 2.4.0',
    ]);
    const { body } = await api('GET', '/devices/gw/health');
    expect(body).toMatchObject({ birth: { model: 'GW-7', firmware: '2.4.1' }, diedAt: null, metrics: [{ point: '$health/cpu', value: 12.5 }] });
    const invalid = await first.publishAsync('devices/gw/birth', '{"ts":"now"}', { qos: 1 }).catch((error: unknown) => error);
    expect(String(invalid)).toMatch(/Payload format invalid/i);
    expect((await api('GET', '/devices/gw/rejects')).body.items).toMatchObject([{ step: 'birth', code: 'invalid' }]);
  });

  it('a last will is a death, and a gateway tells of the deaths behind it', async () => {
    const secret = await newDevice('mortal', { kind: 'gateway' });
    await newDevice('child', { parent: 'mortal' });
    const client = await connect('mortal', secret, {
      will: { topic: 'devices/mortal/death', payload: Buffer.from('{"reason":"lost"}'), qos: 1, retain: false },
    });
    await client.publishAsync('devices/child/birth', '{"firmware":1}', { qos: 1 });
    expect(await onlineOf('child')).toBe(true);
    await client.publishAsync('devices/child/death', 'unplugged', { qos: 1 });
    expect(await onlineOf('child')).toBe(false);
    expect((await api('GET', '/devices/child/health')).body).toMatchObject({ death: 'unplugged', birth: { firmware: 1 } });
    client.stream.destroy();
    await waitUntil(async () => (await eventsOf('mortal', 'device.died')).length === 1, 'its death is journalled');
    expect((await eventsOf('mortal', 'device.died'))[0]).toMatchObject({ text: 'mortal died: lost' });
    expect((await eventsOf('child', 'device.died'))[0]).toMatchObject({ actor: 'device:mortal', details: { reason: 'unplugged' } });
  });

  it('a device learns the time over MQTT and HTTP, and the hub how wrong its clock is', async () => {
    const secret = await newDevice('clocked');
    const client = await connect('clocked', secret);
    await client.subscribeAsync('devices/clocked/time');
    const answered = new Promise<Record<string, number>>((done) => client.once('message', (_, payload) => done(JSON.parse(payload.toString()))));
    const t0 = Date.now() - 600_000;
    await client.publishAsync('devices/clocked/time', JSON.stringify({ id: 'a', t0 }));
    const answer = await answered;
    const t3 = Date.now() - 600_000;
    expect(answer).toMatchObject({ id: 'a', t0 });
    const { t1 = 0, t2 = 0 } = answer;
    expect(Math.abs((t1 - t0 + (t2 - t3)) / 2 - 600_000)).toBeLessThan(2_000);
    await waitUntil(async () => (await eventsOf('clocked', 'device.clock-wrong')).length === 1, 'the wrong clock is journalled');
    expect((await api('GET', '/devices/clocked/health')).body.clock).toMatchObject({ source: 'exchange', wrongSince: expect.any(Number) });

    const asDevice = apiOf(hub.url, secret);
    expect((await asDevice('GET', `/devices/clocked/time?t0=${Date.now()}&id=x`)).body).toMatchObject({ id: 'x', t1: expect.any(Number) });
    await waitUntil(async () => (await eventsOf('clocked', 'device.clock-right')).length === 1, 'it is right again');
    // Whose clock that is, is nobody's to say.
    expect((await api('GET', '/devices/clocked/time?t0=5')).body).toMatchObject({ t0: 5 });
    expect((await asDevice('GET', '/devices/clocked/time?t0=soon')).status).toBe(400);
    expect((await api('GET', '/devices/clocked/health')).body.clock.wrongSince).toBeNull();
  });

  it('health metrics need no declaration, also where a type is strict', async () => {
    await api('POST', '/types', { id: 'strict', mode: 'strict', points: [{ path: 'temperature' }] });
    const secret = await newDevice('strict-1', { type: 'strict' });
    const client = await connect('strict-1', secret);
    await client.publishAsync('devices/strict-1/report', '{"$health/cpu": 12, "$health/signal": -71, "surprise": 1}', { qos: 1 });
    expect((await api('GET', '/devices/strict-1/health')).body.metrics).toMatchObject([
      { point: '$health/cpu', value: 12 },
      { point: '$health/signal', value: -71 },
    ]);
    expect((await api('GET', '/devices/strict-1/rejects')).body.items).toMatchObject([{ code: 'unknown_point', point: 'surprise' }]);
  });

  it.for(['mqttv311', 'mqttv5'])('mosquitto_pub begins, dies and is refused (%s)', async (version, context) => {
    requirePeer('mosquitto_pub', context);
    const id = `peer-${version}`;
    const secret = await newDevice(id);
    const base = ['-h', '127.0.0.1', '-p', new URL(hub.mqttUrl).port, '-V', version, '-u', id, '-P', secret, '-i', `client-${id}`];
    const will = ['--will-topic', `devices/${id}/death`, '--will-payload', 'lost', '--will-qos', '1'];
    const publish = (topic: string, message: string) => runPeer('mosquitto_pub', [...base, '-q', '1', '-t', `devices/${id}/${topic}`, '-m', message]).exited;
    expect(await publish('birth', '{"firmware":"7"}')).toMatchObject({ code: 0, stderr: '' });
    expect((await api('GET', `/devices/${id}/connections`)).body.items).toMatchObject([{ client: `client-${id}`, endedAt: expect.any(Number) }]);
    const lost = runPeer('mosquitto_sub', [...base, ...will, '-t', `devices/${id}/set`]);
    await waitUntil(() => onlineOf(id), 'it is online');
    lost.kill();
    await waitUntil(async () => (await api('GET', `/devices/${id}/health`)).body.death === 'lost', 'its will came');
    expect((await api('GET', `/devices/${id}/health`)).body).toMatchObject({ birth: { firmware: '7' }, diedAt: expect.any(Number) });
    await api('PATCH', `/devices/${id}`, { state: 'disabled' });
    expect((await publish('report', '{"a":1}')).code).not.toBe(0);
    await api('PATCH', `/devices/${id}`, { state: 'maintenance' });
    expect((await publish('report', '{"a":1}')).code).toBe(0);
  });

  it('the history says when a device was connected, from where, by which client, and why it ended, also over a kill', async () => {
    const own = await startHub();
    const ask = apiOf(own.url, own.token);
    const { secret } = (await ask('POST', '/devices', { id: 'seen', credential: 'token' })).body.credential;
    const login = (clientId: string) =>
      mqtt.connectAsync(own.mqttUrl, { username: 'seen', password: secret, clientId, protocolVersion: 5, reconnectPeriod: 0 });
    const first = await login('one');
    await first.endAsync();
    const second = await login('two');
    second.on('error', () => undefined);
    // The history is written behind what happens.
    const history = async () => (await ask('GET', '/devices/seen/connections')).body;
    await waitUntil(async () => {
      const { items } = await history();
      return items.length === 2 && items[0].client === 'two' && items[1].endedAt !== null;
    }, 'both are known, and that the first has ended');
    const body = await history();
    expect(body.items).toMatchObject([
      { client: 'two', protocol: 'mqtt', address: '127.0.0.1', credential: expect.any(String), endedAt: null, reason: null },
      { client: 'one', reason: expect.stringMatching(/disconnected/) },
    ]);
    await own.stop('SIGKILL');
    const again = await own.restart();
    const { stdout } = await runMuster(['device', 'history', 'seen', '--json'], { env: again.env });
    expect(JSON.parse(stdout)).toMatchObject([{ client: 'two', reason: 'the hub ended unexpectedly' }, { client: 'one' }]);
    second.end(true);
  });
});
