import { EventEmitter } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { IConnectPacket } from 'mqtt-packet';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConnectPacer } from '../../../../src/lib/protocols/mqtt/connect-pacer.ts';
import { connectionsAllowed } from '../../../../src/lib/protocols/mqtt/descriptor-limit.ts';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket, type RawMqtt, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const OPEN = { 'mqtt.open': true } as const;
const open = (hub: MqttHub, clientId: string, more: Partial<IConnectPacket> = {}) => signedIn(hub.port, 'anybody', { clientId, ...more });

/** A socket as the pacer sees it. */
function pacedSocket(remoteAddress: string, destroy: () => void = () => undefined): Socket {
  return Object.assign(new EventEmitter(), { remoteAddress, resume: () => undefined, pause: () => undefined, destroy }) as unknown as Socket;
}

async function refusal(hub: MqttHub, user: string, version: 4 | 5, clientId: string): Promise<{ code: number | undefined; client: RawMqtt }> {
  const client = await openRawMqtt(hub.port, version);
  client.send(connectPacket(user, { protocolVersion: version, clientId }));
  const connack = await client.packet('connack');
  return { code: version === 5 ? connack.reasonCode : connack.returnCode, client };
}

describe.each([
  [4, 3],
  [5, 0x97],
] as const)('with protocol version %i', (version, quota) => {
  it('a device has so many connections and no more; taking its own over is none', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.connections-per-device-max': 2 } });
    const first = await signedIn(hub.port, 'pump', { clientId: 'one' });
    await signedIn(hub.port, 'pump', { clientId: 'two' });
    const { code, client } = await refusal(hub, 'pump', version, 'three');
    expect(code).toBe(quota);
    await client.closed();
    expect(hub.protocol.counters()).toMatchObject({ refusedConnections: 1, refusedPerDevice: 1 });
    expect(hub.trouble).toMatchObject([{ device: 'pump', step: 'connect' }]);
    await signedIn(hub.port, 'gw', { clientId: 'one' });
    await signedIn(hub.port, 'pump', { clientId: 'one' });
    await first.closed();
    expect((await refusal(hub, 'pump', version, 'three')).code).toBe(quota);
  });

  it('a place is free again once a connection of the device has ended', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.connections-per-device-max': 1 } });
    const first = await signedIn(hub.port, 'pump', { clientId: 'one' });
    first.socket.destroy();
    await waitUntil(() => hub.present.size === 0, 'it has gone');
    expect((await refusal(hub, 'pump', version, 'two')).code).toBe(0);
  });

  it('an address has so many connections and no more', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.connections-per-address-max': 2 } });
    const first = await open(hub, 'one');
    await open(hub, 'two');
    const { code, client } = await refusal(hub, 'anybody', version, 'three');
    expect(code).toBe(quota);
    await client.closed();
    expect(hub.protocol.counters()).toMatchObject({ refusedConnections: 1, refusedPerAddress: 1 });
    first.socket.destroy();
    await waitUntil(() => hub.protocol.counters().connections === 1, 'one has gone');
    expect((await refusal(hub, 'anybody', version, 'three')).code).toBe(0);
  });
});

describe('half-open connections', () => {
  it('are bounded: the oldest makes room, and those that are signed in stay', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.half-open-max': 2 } });
    const member = await open(hub, 'member');
    const silent = [await openRawMqtt(hub.port), await openRawMqtt(hub.port)];
    await waitUntil(() => hub.protocol.counters().halfOpen === 2, 'two are half-open');
    const late = await open(hub, 'late');
    await silent[0]?.closed();
    expect(silent[1]?.isClosed()).toBe(false);
    expect([member.isClosed(), late.isClosed()]).toEqual([false, false]);
    expect(hub.protocol.counters()).toMatchObject({ refusedHalfOpen: 1 });
  });
});

describe('connects per second', () => {
  it('are paced: all come in, later', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.connects-per-second-max': 20 } });
    const startedAt = performance.now();
    const clients = await Promise.all(Array.from({ length: 30 }, (_, index) => open(hub, `client-${index}`)));
    // Twenty at once, ten more at twenty a second.
    expect(performance.now() - startedAt).toBeGreaterThan(400);
    expect(clients.every((client) => !client.isClosed())).toBe(true);
    expect(hub.protocol.counters()).toMatchObject({ connections: 30, refusedConnections: 0, waitingConnects: 0 });
  });

  it('go by turns: a storm from one address does not keep another waiting', async () => {
    const dropped: string[] = [];
    const socketOf = (remoteAddress: string) => pacedSocket(remoteAddress, () => dropped.push(remoteAddress));
    const pacer = new ConnectPacer({ perSecond: 50, waitingMax: 8, onDropped: () => undefined });
    onTestFinished(() => pacer.stop());
    const order: string[] = [];
    // The burst.
    for (let count = 0; count < 50; count++) pacer.pace(socketOf('burst'), () => undefined);
    for (let count = 0; count < 7; count++) pacer.pace(socketOf('storm'), () => order.push('storm'));
    pacer.pace(socketOf('other'), () => order.push('other'));
    for (let count = 0; count < 4; count++) pacer.pace(socketOf('storm'), () => order.push('storm'));
    expect(dropped).toEqual(['storm', 'storm', 'storm', 'storm']);
    await waitUntil(() => pacer.size === 0, 'all are let in');
    expect(order).toHaveLength(8);
    expect(order.indexOf('other')).toBeLessThanOrEqual(1);
  });

  it('lets the newest in first once the oldest has waited so long that it is about to give up', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const pacer = new ConnectPacer({ perSecond: 10, waitingMax: 1_000, onDropped: () => undefined });
    onTestFinished(() => pacer.stop());
    const order: string[] = [];
    const come = (name: string, count: number) => {
      for (let at = 0; at < count; at++) pacer.pace(pacedSocket('storm'), () => order.push(name));
    };
    come('burst', 10);
    come('early', 100);
    vi.advanceTimersByTime(3_500);
    come('in time', 1);
    vi.advanceTimersByTime(200);
    expect(new Set(order)).toEqual(new Set(['burst', 'early']));
    vi.advanceTimersByTime(1_000);
    come('late', 1);
    vi.advanceTimersByTime(200);
    expect(order.at(-1) === 'late' || order.at(-2) === 'late').toBe(true);
    vi.advanceTimersByTime(20_000);
    expect(order).toHaveLength(112);
  });

  it('forget who has given up while it waited, and lose nothing of what the others have sent', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.connects-per-second-max': 2 } });
    const first = await Promise.all([open(hub, 'a'), open(hub, 'b')]);
    const impatient = createConnection({ port: hub.port, host: '127.0.0.1' });
    impatient.write('half a CONN');
    const late = open(hub, 'c');
    await waitUntil(() => hub.protocol.counters().waitingConnects === 2, 'both wait');
    impatient.end();
    await waitUntil(() => hub.protocol.counters().waitingConnects === 1, 'it was noticed that one has left');
    expect((await late).isClosed()).toBe(false);
    expect(hub.protocol.counters()).toMatchObject({ connections: 3, refusedConnections: 0, waitingConnects: 0 });
    expect(first.every((client) => !client.isClosed())).toBe(true);
  });
});

describe('descriptors', () => {
  it('leave room for the files of the hub', () => {
    expect(connectionsAllowed(() => 'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files \n')).toBe(
      768,
    );
    expect(connectionsAllowed(() => 'Max open files            unlimited            unlimited            files \n')).toBe(Number.POSITIVE_INFINITY);
    const missing = () => {
      throw new Error('no such file');
    };
    expect(connectionsAllowed(missing)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('queues', () => {
  it('of all sessions together hold so many bytes; beyond it messages are dropped with a count', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.queued-bytes-max': 10_000 } });
    for (const id of ['a', 'b']) {
      const reader = await open(hub, id, { clean: false });
      reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: id, qos: 1 }] });
      await reader.packet('suback');
      reader.socket.destroy();
    }
    await waitUntil(() => hub.protocol.counters().sessionsAbsent === 2, 'both have gone');
    const writer = await open(hub, 'writer');
    const payload = 'x'.repeat(4_000);
    for (const [id, topic] of ['a', 'b', 'a', 'b'].entries()) writer.send(publishPacket(topic, 1, id + 1, payload));
    await writer.packet('puback', 3);
    const { queuedMessages, queuedBytes, dropped } = hub.protocol.counters();
    expect({ queuedMessages, dropped }).toEqual({ queuedMessages: 2, dropped: 2 });
    expect(queuedBytes).toBeGreaterThan(8_000);
    expect(queuedBytes).toBeLessThan(10_000);
    // Those who come back make room.
    const back = await open(hub, 'a', { clean: false });
    back.send({ cmd: 'puback', messageId: (await back.packet('publish')).messageId ?? 0 });
    await waitUntil(() => hub.protocol.counters().queuedMessages === 1, 'there is room');
    expect(hub.protocol.counters().queuedBytes).toBeLessThan(5_000);
  });

  it('are empty, and so are the counters, when everybody has gone', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const reader = await open(hub, 'reader', { clean: false });
    reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 2 }] });
    await reader.packet('suback');
    const writer = await open(hub, 'writer');
    for (const qos of [1, 2] as const) for (let id = 1; id <= 5; id++) writer.send(publishPacket('a', qos, id + qos * 10, 'x'));
    await waitUntil(() => hub.protocol.counters().inFlight === 10, 'ten are under way');
    reader.socket.destroy();
    const again = await open(hub, 'reader', { clean: true });
    again.socket.destroy();
    writer.socket.destroy();
    await waitUntil(() => hub.protocol.counters().connections === 0, 'all have gone');
    expect(hub.protocol.counters()).toMatchObject({ sessions: 0, subscriptions: 0, queuedMessages: 0, queuedBytes: 0, inFlight: 0, halfOpen: 0 });
  });
});

describe('pressure', () => {
  it('stops the reading of messages, not of anything else, until it is gone', async () => {
    let relieve: () => void = () => undefined;
    let relief: Promise<void> | null = new Promise<void>((resolve) => {
      relieve = resolve;
    });
    const messages: unknown[] = [];
    const ingest = {
      accept: (message: unknown) => {
        messages.push(message);
        return Promise.resolve({ accepted: 1, rejected: [], rejectedCount: 0 });
      },
      pressure: () => relief,
      heldBackMs: () => 0,
    };
    const hub = await startMqttHub({ ports: { ingest } });
    const client = await signedIn(hub.port, 'pump', { keepalive: 1 });
    const idle = await signedIn(hub.port, 'gw');
    client.send({ cmd: 'pingreq' }, ...[1, 2, 3].map((id) => publishPacket('devices/pump/report', 1, id)));
    await client.packet('pingresp');
    idle.send({ cmd: 'pingreq' });
    await idle.packet('pingresp');
    // Longer than its keep-alive: the silence is the hub's own.
    const until = performance.now() + 2_000;
    await waitUntil(() => performance.now() > until, 'the keep-alive is over');
    expect(client.isClosed()).toBe(false);
    expect(messages).toEqual([]);
    relief = null;
    relieve();
    await client.packet('puback', 2);
    expect(messages).toHaveLength(3);
  });
});
