import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Device, type DeviceOptions, fileIdentity, Gateway, Rejected } from '../../src/lib/device/index.ts';
import { apiOf } from '../helpers/api.ts';
import { claimingHub } from '../helpers/claiming.ts';
import { startHub } from '../helpers/hub.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const RECONNECT = { firstMs: 50, longestMs: 500 };
const POINTS = [
  { path: 'target', kind: 'setpoint', valueType: 'number', min: 0, max: 200 },
  { path: 'temperature', kind: 'measure', valueType: 'number' },
];

async function aHub(flags: readonly string[] = []) {
  const hub = await startHub(flags);
  const api = apiOf(hub.url, hub.token);
  expect((await api('POST', '/types', { id: 'boiler', mode: 'strict', points: POINTS })).status).toBe(201);
  const newDevice = async (id: string, more: object = {}): Promise<string> =>
    (await api('POST', '/devices', { id, type: 'boiler', credential: 'token', ...more })).body.credential.secret;
  const newest = async (id: string): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      (await api('GET', `/points?device=${id}`)).body.items.map((item: { path: string; latest: { value: unknown } | null }) => [
        item.path,
        item.latest?.value ?? null,
      ]),
    );
  return { hub, api, newDevice, newest };
}

function open<Kind extends Device>(device: Kind): Kind {
  onTestFinished(() => device.close({ drainMs: 0 }));
  return device;
}

function known(url: string, id: string, token: string, more: Partial<DeviceOptions> = {}): DeviceOptions {
  return { url, id, credential: { token }, reconnect: RECONNECT, ...more } as DeviceOptions;
}

describe('a device of the library at a real hub', () => {
  it('reports, is set and called, and tells what became of it', async () => {
    const { hub, api, newDevice, newest } = await aHub();
    const device = open(new Device(known(hub.mqttUrl, 'boiler-7', await newDevice('boiler-7'), { about: { model: 'B-200', firmware: '1.4.2' } })));
    device.onSet(async ({ target }) => {
      if (typeof target !== 'number' || target > 90) throw new Rejected('hotter than 90 degrees is not safe');
      await device.report({ target });
    });
    device.onCall('add', (args) => (args as number[]).reduce((sum, term) => sum + term, 0));
    await device.connect();
    await device.report({ temperature: 71.4 });
    expect(await newest('boiler-7')).toMatchObject({ temperature: 71.4 });
    const settled = async (path: string, body: object) => {
      const asked = (await api('POST', `/devices/boiler-7/${path}`, body)).body;
      return (await api('GET', `/commands/${asked.id}?wait=10000`)).body;
    };
    expect(await settled('set', { values: { target: 70 } })).toMatchObject({ state: 'applied' });
    expect(await newest('boiler-7')).toMatchObject({ target: 70 });
    expect(await settled('set', { values: { target: 95 } })).toMatchObject({ state: 'rejected', reason: 'hotter than 90 degrees is not safe' });
    expect(await settled('call', { name: 'add', args: [2, 3, 4] })).toMatchObject({ state: 'applied', result: 9 });
    expect(await settled('call', { name: 'fly' })).toMatchObject({ state: 'rejected', reason: 'the device knows no call fly' });
    expect(device.clock.isKnown).toBe(true);
    expect(Math.abs(device.clock.offsetMs ?? Number.NaN)).toBeLessThan(1_000);
  });

  it('gets what it was asked while it was away, and rejects it', async () => {
    const { hub, api, newDevice } = await aHub();
    const token = await newDevice('boiler-8');
    const asked = (await api('POST', '/devices/boiler-8/set', { values: { target: 95 } })).body;
    expect(asked).toMatchObject({ state: 'queued' });
    const device = open(new Device(known(hub.mqttUrl, 'boiler-8', token)));
    device.onSet(() => {
      throw new Rejected('too hot');
    });
    await device.connect();
    expect((await api('GET', `/commands/${asked.id}?wait=10000`)).body).toMatchObject({ state: 'rejected', reason: 'too hot' });
  });

  it('loses nothing of what it reports while the hub is killed and comes back', async () => {
    const { hub, newDevice } = await aHub();
    const token = await newDevice('boiler-9');
    const port = Number(new URL(hub.mqttUrl).port);
    const device = open(new Device(known(hub.mqttUrl, 'boiler-9', token)));
    const disconnected = vi.fn();
    device.on('disconnected', disconnected);
    await device.connect();
    const first = Date.now() - 1_000_000;
    const reports = Array.from({ length: 200 }, (_, index) => device.report({ temperature: index }, { time: first + index }));
    await hub.stop('SIGKILL');
    for (let index = 200; index < 400; index += 1) reports.push(device.report({ temperature: index }, { time: first + index }));
    const again = await hub.restart(['--mqtt', String(port)]);
    await Promise.all(reports);
    expect(disconnected).toHaveBeenCalled();
    const { body } = await apiOf(again.url, again.token)('GET', `/samples/count?device=boiler-9&from=${first}&to=${first + 1_000}`);
    expect(body.count).toBe(400);
    expect(device.counts).toMatchObject({ acknowledged: 400, failed: 0, dropped: 0, waiting: 0 });
  });

  it('answers for what stands behind it', async () => {
    const { hub, api, newDevice, newest } = await aHub();
    const token = await newDevice('gw', { kind: 'gateway' });
    await api('POST', '/devices', { id: 'sensor-1', type: 'boiler', parent: 'gw' });
    const gateway = open(new Gateway(known(hub.mqttUrl, 'gw', token)));
    const child = gateway.child('sensor-1');
    child.onSet(() => undefined);
    await gateway.connect();
    await child.born({ model: 'S1' });
    await child.report({ temperature: 19 });
    expect(await newest('sensor-1')).toMatchObject({ temperature: 19 });
    const asked = (await api('POST', '/devices/sensor-1/set', { values: { target: 30 } })).body;
    expect((await api('GET', `/commands/${asked.id}?wait=10000`)).body).toMatchObject({ state: 'applied' });
    await expect(gateway.child('stranger').report({ temperature: 1 })).rejects.toMatchObject({ code: 'not_allowed' });
  });
});

describe('a device that the hub has never seen', () => {
  it('claims its identity once, keeps it in a file that nobody else reads, and renews its token', async () => {
    const { hub, claim } = await claimingHub();
    const token = await claim('batch');
    const file = join(temporaryFolder(), 'identity.json');
    const options = { url: hub.mqttUrl ?? '', identity: fileIdentity(file), reconnect: RECONNECT };
    const first = open(new Device({ ...options, claim: { credential: { token }, aliases: { serial: 'B-1' } } }));
    const claimed = vi.fn();
    first.on('claimed', claimed);
    const early = first.report({ power: 1 });
    await first.connect();
    expect(claimed).toHaveBeenCalledExactlyOnceWith({ id: 'serial-B-1', state: 'active' });
    expect(first.id).toBe('serial-B-1');
    await early;
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await first.renew();
    const kept = JSON.parse(await readFile(file, 'utf8'));
    expect(kept).toMatchObject({ proof: expect.any(String), device: { id: 'serial-B-1', token: expect.stringMatching(/^msd_/) } });
    await first.close();
    const second = open(new Device(options));
    await second.connect();
    await second.report({ power: 2 });
    expect(second.id).toBe('serial-B-1');
  });

  it('is told at once when its claim is none', async () => {
    const { hub } = await claimingHub();
    const identity = fileIdentity(join(temporaryFolder(), 'identity.json'));
    const device = open(new Device({ url: hub.mqttUrl ?? '', identity, claim: { credential: { token: `msc_x_${'A'.repeat(43)}` }, id: 'a' } }));
    await expect(device.connect()).rejects.toMatchObject({ code: 'not_logged_in' });
  });

  it('needs a claim or an identity', async () => {
    const device = open(new Device({ url: 'mqtt://127.0.0.1:1', identity: fileIdentity(join(temporaryFolder(), 'none.json')) }));
    await expect(device.connect()).rejects.toMatchObject({ code: 'not_logged_in', hint: expect.stringContaining('claim') });
  });
});

it('waits for its approval when the hub holds it', async () => {
  const { hub, api, claim } = await claimingHub();
  const token = await claim('held');
  expect((await api('POST', '/provisioning-rules', { id: 'hold', priority: 1, when: 'true', decision: 'hold' })).status).toBe(201);
  const device = open(
    new Device({
      url: hub.mqttUrl ?? '',
      identity: fileIdentity(join(temporaryFolder(), 'identity.json')),
      claim: { credential: { token }, id: 'late' },
      reconnect: RECONNECT,
    }),
  );
  const failures: string[] = [];
  device.on('connectFailed', ({ error }) => void failures.push(error.code));
  const connecting = device.connect();
  connecting.catch(() => undefined);
  await waitUntil(() => failures.includes('not_allowed'), 'it is refused for now');
  expect((await api('POST', '/devices/late/approve', {})).status).toBeLessThan(300);
  await connecting;
});
