import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Device } from '../../../src/lib/device/device.ts';
import type { DeviceOptions } from '../../../src/lib/device/options.ts';
import { createRandom } from '../../../src/lib/simulation/random.ts';
import { createTally, observing } from '../../../src/lib/simulation/tally.ts';
import { startDeviceBroker } from '../../helpers/device-broker.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

type Known = Extract<DeviceOptions, { id: string }>;

async function listen(server: Server | ReturnType<typeof createHttpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function aDevice(url: string, options: Partial<Known> = {}) {
  const tally = createTally();
  const device = new Device({
    url,
    id: 'gw-1',
    credential: { token: 'right' },
    inFlightMax: 4,
    store: { messagesMax: 10, whenFull: 'drop-newest' },
    reconnect: { firstMs: 20, longestMs: 200 },
    connectTimeoutMs: 2_000,
    timeSync: false,
    observer: observing(tally),
    random: createRandom(1),
    ...options,
  });
  onTestFinished(() => device.close({ drainMs: 0 }));
  return { device, tally };
}

describe.each(['mqtt', 'mqtt5'] as const)('a device that speaks %s', (protocol) => {
  it.each([1, 2] as const)('takes a QoS %d message for stored when the hub has acknowledged it, not before', async (qos) => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url, { protocol, qos });
    await device.connect();
    broker.control.hold = true;
    let isStored = false;
    const stored = device.report({ a: 1, b: 2, c: 3 }).then(() => {
      isStored = true;
    });
    await waitUntil(() => broker.held.length === 1, 'the message arrived');
    expect(tally.sent).toEqual({ messages: 1, samples: 3 });
    expect(tally.acknowledged).toEqual({ messages: 0, samples: 0 });
    expect(isStored).toBe(false);
    broker.release();
    await stored;
    expect(tally.acknowledged).toEqual({ messages: 1, samples: 3 });
    expect(tally.acknowledgeTime.count).toBe(1);
    expect(device.counts).toMatchObject({ acknowledged: 1, inFlight: 0, waiting: 0 });
  });

  it('says that the hub refuses its credentials, and stops trying', async () => {
    const broker = await startDeviceBroker();
    const { device } = aDevice(broker.url, { protocol, credential: { token: 'wrong' } });
    await expect(device.connect()).rejects.toMatchObject({ name: 'DeviceError', code: 'not_logged_in', isPassing: false });
    expect(broker.connects).toHaveLength(1);
  });
});

describe('a device', () => {
  it('sends with QoS 0 without waiting for anything', async () => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url, { qos: 0 });
    await device.connect();
    await device.report({ a: 1 });
    await waitUntil(() => broker.received.length === 1, 'the message arrived');
    expect(tally.sent.messages).toBe(1);
    expect(tally.acknowledged.messages).toBe(0);
  });

  it('keeps its window and its store: what is beyond is dropped, counted and told', async () => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url);
    const dropped = vi.fn();
    device.on('dropped', dropped);
    await device.connect();
    broker.control.hold = true;
    const reports = Array.from({ length: 20 }, (_, index) => device.report({ index }));
    await expect(reports[19]).rejects.toMatchObject({ code: 'limit_reached' });
    await waitUntil(() => broker.held.length === 4, 'the window is full');
    expect(tally.sent.messages).toBe(4);
    expect(tally.dropped).toEqual({ messages: 6, samples: 6 });
    expect(dropped).toHaveBeenCalledTimes(6);
    broker.control.hold = false;
    broker.release();
    await device.whenIdle();
    expect(broker.on('devices/gw-1/report').map(({ values }) => (values as { index: number }).index)).toEqual(Array.from({ length: 14 }, (_, index) => index));
  });

  it('sends no more at once than the hub allows', async () => {
    const broker = await startDeviceBroker();
    broker.control.receiveMaximum = 3;
    const { device } = aDevice(broker.url, { inFlightMax: 50 });
    await device.connect();
    broker.control.hold = true;
    for (let index = 0; index < 5; index += 1) void device.report({ index });
    expect(device.counts).toMatchObject({ inFlight: 2, waiting: 3 });
  });

  it('comes back after a cut connection and sends again what was not acknowledged', async () => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url);
    await device.connect();
    broker.control.hold = true;
    for (const a of [1, 2]) void device.report({ a });
    await waitUntil(() => broker.held.length === 2, 'both arrived');
    broker.control.hold = false;
    const before = broker.connects.length;
    broker.cut();
    await device.whenIdle();
    expect(broker.connects.length).toBeGreaterThan(before);
    expect(broker.on('devices/gw-1/report').map(({ values }) => values)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(tally.acknowledged.messages).toBe(2);
    expect(tally.sent.messages).toBe(2);
    expect(tally.reconnects).toBe(1);
    expect(tally.errors()).toContainEqual({ reason: 'connection lost', count: 1 });
  });

  it('sends a message again as it was, though the clock was set meanwhile', async () => {
    const broker = await startDeviceBroker();
    const { device } = aDevice(broker.url, { timeSync: true });
    broker.control.timeAheadMs = 0;
    await device.connect();
    const payloads: string[] = [];
    broker.onPublish(({ topic, payload }) => void (topic.endsWith('/report') && payloads.push(payload)));
    broker.control.hold = true;
    void device.report({ a: 1 });
    await waitUntil(() => broker.held.length >= 1 && payloads.length === 1, 'it arrived');
    broker.control.hold = false;
    broker.control.timeAheadMs = 86_400_000;
    broker.cut();
    await device.whenIdle();
    expect(payloads).toHaveLength(2);
    expect(payloads[1]).toBe(payloads[0]);
  });

  it('keeps what it reports before it is connected, with the time of the hub once it knows it', async () => {
    const broker = await startDeviceBroker();
    broker.control.timeAheadMs = -3_600_000;
    const { device } = aDevice(broker.url, { timeSync: true });
    const before = Date.now();
    const stored = device.report({ a: 1 });
    const synced = vi.fn();
    device.on('timeSynced', synced);
    await device.connect();
    await stored;
    const [{ ts } = { ts: 0 }] = broker.on('devices/gw-1/report') as { ts: number }[];
    expect(Math.abs(ts + 3_600_000 - before)).toBeLessThan(2_000);
    expect(Math.abs((device.clock.offsetMs ?? 0) + 3_600_000)).toBeLessThan(2_000);
    expect(synced).toHaveBeenCalled();
  });

  it('waits for a hub that is not there yet, until it is', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { device } = aDevice(`mqtt://127.0.0.1:${port}`);
    const failures: (number | null)[] = [];
    device.on('connectFailed', ({ retryInMs }) => void failures.push(retryInMs));
    const connecting = device.connect();
    await waitUntil(() => failures.length >= 3, 'three attempts failed');
    expect(failures).not.toContain(null);
    expect(Math.max(...(failures as number[]))).toBeLessThanOrEqual(200);
    await device.close();
    await expect(connecting).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('goes on trying when the hub does not let it in at the moment: it may be approved any time', async () => {
    const broker = await startDeviceBroker();
    broker.control.connack = 0x87;
    const { device } = aDevice(broker.url);
    const reasons: string[] = [];
    device.on('connectFailed', ({ error }) => void reasons.push(error.code));
    const connecting = device.connect();
    await waitUntil(() => reasons.length >= 2, 'two attempts failed');
    expect(new Set(reasons)).toEqual(new Set(['not_allowed']));
    broker.control.connack = 0;
    await connecting;
  });

  it('sends again what the hub cannot take at the moment', async () => {
    const broker = await startDeviceBroker();
    const { device } = aDevice(broker.url);
    await device.connect();
    broker.control.refuse = { code: 0x97, reason: 'rate_limited: more than 10 messages/s' };
    const stored = device.report({ a: 1 });
    await waitUntil(() => device.counts.waiting === 1, 'it waits again');
    broker.control.refuse = null;
    await stored;
    expect(broker.on('devices/gw-1/report')).toHaveLength(1);
  });

  it('says why the hub will never take a message, and goes on with the next', async () => {
    const broker = await startDeviceBroker();
    const { device } = aDevice(broker.url);
    const refused = vi.fn();
    device.on('refused', refused);
    await device.connect();
    broker.control.refuse = { code: 0x99, reason: 'undecodable: no JSON' };
    await expect(device.report({ a: 1 })).rejects.toMatchObject({ code: 'undecodable', message: 'no JSON', isPassing: false });
    broker.control.refuse = { code: 0x99, reason: 'unknown_point: there is no point b' };
    await expect(device.report({ b: 1 })).rejects.toMatchObject({ code: 'rejected', details: { reason: 'unknown_point' } });
    expect(refused).toHaveBeenCalledTimes(2);
    broker.control.refuse = null;
    await device.report({ c: 1 });
  });

  it('ends no program by a report that nobody waited for', async () => {
    const broker = await startDeviceBroker();
    const { device } = aDevice(broker.url);
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    await device.connect();
    broker.control.refuse = { code: 0x99, reason: 'undecodable: no JSON' };
    void device.report({ a: 1 });
    await device.whenIdle();
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('counts what has no acknowledgement at the end as failed', async () => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url);
    await device.connect();
    broker.control.hold = true;
    for (let index = 0; index < 6; index += 1) void device.report({ index, twice: index });
    await device.whenIdle(AbortSignal.timeout(50));
    await device.close({ drainMs: 0 });
    expect(tally.failed).toEqual({ messages: 6, samples: 12 });
    expect(tally.connected).toBe(0);
    await expect(device.report({ a: 1 })).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('waits for what is on its way before it says goodbye', async () => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url);
    await device.connect();
    for (let index = 0; index < 6; index += 1) void device.report({ index });
    await device.close();
    expect(tally.acknowledged.messages).toBe(6);
  });

  it('makes room for a sender that waits', async () => {
    const broker = await startDeviceBroker();
    const { device, tally } = aDevice(broker.url, { inFlightMax: 1, store: { messagesMax: 1, whenFull: 'drop-newest' } });
    await device.connect();
    for (let index = 0; index < 30; index += 1) {
      await device.whenRoom();
      void device.report({ index });
    }
    await device.whenIdle();
    expect(broker.received).toHaveLength(30);
    expect(tally.dropped.messages).toBe(0);
  });

  it('says what it is on every connection, before its data, and leaves a last will', async () => {
    const broker = await startDeviceBroker();
    const { device } = aDevice(broker.url, { about: () => ({ firmware: '1.4.2' }) });
    void device.report({ a: 1 });
    await device.connect();
    await device.whenIdle();
    expect(broker.received.map(({ topic }) => topic)).toEqual(['devices/gw-1/birth', 'devices/gw-1/report']);
    expect(broker.on('devices/gw-1/birth')).toEqual([{ ts: expect.any(Number), firmware: '1.4.2' }]);
    expect(broker.connects[0]?.will).toMatchObject({ topic: 'devices/gw-1/death', qos: 1, retain: false });
    broker.cut();
    await waitUntil(() => broker.on('devices/gw-1/birth').length === 2, 'it was born again');
  });

  it('refuses a time that is none, and an id that cannot be', async () => {
    const { device } = aDevice('mqtt://127.0.0.1:1');
    await expect(device.report({ a: 1 }, { time: new Date('never') })).rejects.toMatchObject({ code: 'invalid' });
    expect(() => new Device({ url: 'mqtt://127.0.0.1', id: 'a/b', credential: { password: 'x' } })).toThrow(expect.objectContaining({ code: 'invalid_name' }));
  });

  it('explains a port on which nothing listens', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { device } = aDevice(`mqtt://127.0.0.1:${port}`);
    await expect(device.connect({ attempts: 1 })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('Nothing listens'),
      hint: expect.stringContaining('MQTT port'),
      isPassing: true,
    });
  });

  it('explains the port of an HTTP server', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('hello')));
    const { device } = aDevice(`mqtt://127.0.0.1:${port}`);
    await expect(device.connect({ attempts: 1 })).rejects.toMatchObject({ code: 'unreachable', hint: expect.stringContaining('MQTT port') });
  });

  it('explains a port that takes the connection and says nothing', async () => {
    const sockets: Socket[] = [];
    const port = await listen(createServer((socket) => void sockets.push(socket)));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    const { device } = aDevice(`mqtt://127.0.0.1:${port}`, { connectTimeoutMs: 200 });
    await expect(device.connect({ attempts: 1 })).rejects.toMatchObject({ code: 'timed_out', hint: expect.stringContaining('MQTT port') });
  });
});
