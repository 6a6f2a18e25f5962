import type { IConnectPacket, IPublishPacket } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import type { Outcome } from '../../../../src/lib/ingest/ingest.ts';
import { type MemoryBrokerStorage, memoryBrokerStorage } from '../../../helpers/memory-broker-storage.ts';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket, type RawMqtt, signedIn } from '../../../helpers/raw-mqtt.ts';
import { testClock } from '../../../helpers/test-clock.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const OPEN = { 'mqtt.open': true } as const;
const BROKEN = new MusterError('storage_failed', 'the disk is full');
const open = (hub: MqttHub, clientId: string, more: Partial<IConnectPacket> = {}) => signedIn(hub.port, 'anybody', { clientId, ...more });
const turns = (count = 20) => new Promise<void>((resolve) => (count === 0 ? resolve() : setImmediate(() => resolve(turns(count - 1)))));

async function subscribe(client: RawMqtt, topic: string, qos: 0 | 1 | 2 = 2, more: object = {}): Promise<void> {
  const before = client.received.filter(({ cmd }) => cmd === 'suback').length;
  client.send({ cmd: 'subscribe', messageId: 500 + before, subscriptions: [{ topic, qos, ...more }] });
  await client.packet('suback', before);
}

const published = (client: RawMqtt) => client.received.filter((packet): packet is IPublishPacket => packet.cmd === 'publish');

/** The next hub on the same disk, as it was when the first one died. */
async function restarted(hub: MqttHub, storage: MemoryBrokerStorage, options: Parameters<typeof startMqttHub>[0] = {}): Promise<MqttHub> {
  const disk = memoryBrokerStorage(storage.stored);
  storage.crash();
  await hub.protocol.stop();
  return startMqttHub({ ...options, settings: { ...OPEN, ...options.settings }, storage: disk });
}

describe.each([4, 5] as const)('with protocol version %i', (protocolVersion) => {
  const lasting = { protocolVersion, clean: false, properties: { sessionExpiryInterval: 1000 } };

  it('a session, its subscriptions and its messages survive the death of the hub', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const reader = await open(hub, 'reader', lasting);
    await subscribe(reader, 'a/#');
    reader.socket.destroy();
    const writer = await open(hub, 'writer', { protocolVersion });
    for (const id of [1, 2, 3]) writer.send(publishPacket('a/b', 1, id, `m${id}`));
    await writer.packet('puback', 2);
    const next = await restarted(hub, storage);
    const again = await open(next, 'reader', lasting);
    expect((await again.packet('connack')).sessionPresent).toBe(true);
    await again.packet('publish', 2);
    expect(published(again).map(({ payload, qos, dup }) => [String(payload), qos, dup])).toEqual([
      ['m1', 1, false],
      ['m2', 1, false],
      ['m3', 1, false],
    ]);
    const [first] = published(again);
    again.send({ cmd: 'puback', messageId: first?.messageId ?? 0 });
    await waitUntil(() => next.storage.stored.deliveries.length === 2, 'what is acknowledged leaves the disk');
    expect(next.storage.stored.messages).toHaveLength(2);
    const later = await open(next, 'writer', { protocolVersion });
    later.send(publishPacket('a/c', 1, 4, 'm4'));
    expect(String((await again.packet('publish', 3)).payload)).toBe('m4');
  });

  it('a message that was sent before comes again with its identifier and DUP', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const reader = await open(hub, 'reader', lasting);
    await subscribe(reader, 'a');
    const writer = await open(hub, 'writer');
    writer.send(publishPacket('a', 2, 1, 'one'), publishPacket('a', 1, 2, 'two'));
    const [one, two] = [await reader.packet('publish'), await reader.packet('publish', 1)];
    await waitUntil(() => storage.stored.deliveries.every(({ packetId }) => packetId !== null), 'the identifiers are noted');
    const next = await restarted(hub, storage);
    const again = await open(next, 'reader', lasting);
    await again.packet('publish', 1);
    expect(published(again).map(({ messageId, dup, qos }) => [messageId, dup, qos])).toEqual([
      [one.messageId, true, 2],
      [two.messageId, true, 1],
    ]);
  });

  it('a QoS 2 message that the client has is not sent again, only released', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const reader = await open(hub, 'reader', lasting);
    await subscribe(reader, 'a');
    const writer = await open(hub, 'writer');
    writer.send(publishPacket('a', 2, 1, 'one'));
    const { messageId = 0 } = await reader.packet('publish');
    storage.hold();
    reader.send({ cmd: 'pubrec', messageId }, { cmd: 'pingreq' });
    await reader.packet('pingresp');
    await waitUntil(() => storage.waiting > 0, 'the change is on its way');
    await turns();
    expect(reader.received.map(({ cmd }) => cmd)).not.toContain('pubrel');
    storage.write();
    await reader.packet('pubrel');
    const next = await restarted(hub, storage);
    const again = await open(next, 'reader', lasting);
    expect((await again.packet('pubrel')).messageId).toBe(messageId);
    again.send({ cmd: 'pubcomp', messageId }, { cmd: 'pingreq' });
    await again.packet('pingresp');
    expect(published(again)).toEqual([]);
    await waitUntil(() => next.storage.stored.deliveries.length === 0 && next.storage.stored.messages.length === 0, 'nothing is left on disk');
  });

  it('a QoS 2 message of a lasting session is taken once over the death of the hub', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const writer = await open(hub, 'writer', lasting);
    writer.send(publishPacket('devices/pump/report', 2, 7));
    await writer.packet('pubrec');
    const next = await restarted(hub, storage);
    const again = await open(next, 'writer', lasting);
    again.send(publishPacket('devices/pump/report', 2, 7, '{"t":1}', { dup: true }));
    await again.packet('pubrec');
    expect(next.messages).toHaveLength(0);
    next.storage.hold();
    again.send({ cmd: 'pubrel', messageId: 7 }, { cmd: 'pingreq' });
    await again.packet('pingresp');
    await waitUntil(() => next.storage.waiting > 0, 'the release is on its way to the disk');
    expect(again.received.map(({ cmd }) => cmd)).not.toContain('pubcomp');
    next.storage.write();
    await again.packet('pubcomp');
    again.send(publishPacket('devices/pump/report', 2, 7));
    await waitUntil(() => next.messages.length === 1, 'the identifier stands for a new message');
  });

  it.each([1, 2] as const)('a message with QoS %i for an absent session is answered once its queue entry is on disk, and not before', async (qos) => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const reader = await open(hub, 'reader', lasting);
    await subscribe(reader, 'a');
    reader.socket.destroy();
    await waitUntil(() => hub.protocol.counters().sessionsAbsent === 1, 'the reader has gone');
    const writer = await open(hub, 'writer', { protocolVersion });
    storage.hold();
    writer.send(publishPacket('a', qos, 1), { cmd: 'pingreq' });
    await writer.packet('pingresp');
    await waitUntil(() => storage.waiting > 0, 'the change is on its way');
    await turns();
    expect(writer.received.map(({ cmd }) => cmd)).toEqual(['connack', 'pingresp']);
    storage.write();
    await writer.packet(qos === 1 ? 'puback' : 'pubrec');
    expect(storage.stored.deliveries).toHaveLength(1);
  });

  it('CONNACK of a new lasting session, SUBACK and UNSUBACK wait for the disk', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    storage.hold();
    const client = await openRawMqtt(hub.port, protocolVersion);
    client.send(connectPacket('anybody', lasting));
    for (const [command, packet] of [
      ['connack', null],
      ['suback', { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] }],
      ['unsuback', { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a'] }],
    ] as const) {
      if (packet) client.send(packet as never);
      await waitUntil(() => storage.waiting > 0, `${command} waits`);
      expect(client.received.map(({ cmd }) => cmd)).not.toContain(command);
      storage.write();
      await client.packet(command);
    }
  });

  it('a disk that fails refuses: CONNECT, SUBSCRIBE and PUBLISH', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const reader = await open(hub, 'reader', lasting);
    await subscribe(reader, 'a');
    reader.socket.destroy();
    const client = await open(hub, 'client', { ...lasting });
    const writer = await open(hub, 'writer', { protocolVersion });
    storage.fail(BROKEN);
    const late = await openRawMqtt(hub.port, protocolVersion);
    late.send(connectPacket('anybody', { ...lasting, clientId: 'late' }));
    const connack = await late.packet('connack');
    expect(protocolVersion === 5 ? connack.reasonCode : connack.returnCode).toBe(protocolVersion === 5 ? 0x88 : 3);
    await late.closed();
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'b', qos: 1 }] });
    expect((await client.packet('suback')).granted).toEqual([protocolVersion === 5 ? 0x83 : 0x80]);
    writer.send(publishPacket('a', 1, 1));
    if (protocolVersion === 5) expect(await writer.packet('puback')).toMatchObject({ reasonCode: 0x83 });
    else await writer.closed();
    expect(hub.protocol.counters()).toMatchObject({ queuedMessages: 0, queuedBytes: 0, failed: 1, subscriptions: 1 });
    storage.fail(null);
  });

  it('a report that holds nothing useful leaves nothing behind: no queue entry, no retained message, no identifier', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ storage, held: true });
    const reader = await signedIn(hub.port, 'x', { ...lasting, password: Buffer.from('mst_a_viewer'), clientId: 'reader' });
    await subscribe(reader, 'devices/#');
    const writer = await signedIn(hub.port, 'pump', lasting);
    const report = (id: number, payload: string) => writer.send(publishPacket('devices/pump/report', 2, id, payload, { retain: true }));
    report(1, 'good');
    await waitUntil(() => hub.waiting.length === 1, 'the first is there');
    hub.waiting[0]?.store();
    await writer.packet('pubrec');
    report(2, 'bad');
    await waitUntil(() => hub.waiting.length === 2, 'the second is there');
    hub.waiting[1]?.store({ accepted: 0, rejectedCount: 1 });
    await writer.packet('pubrec', 1);
    await waitUntil(() => storage.stored.deliveries.length === 1, 'its queue entry is taken back');
    expect(storage.stored.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['good']);
    await waitUntil(() => storage.stored.retained.every(({ payload }) => Buffer.from(payload).toString() === 'good'), 'the retained message is the old one');
    expect(storage.stored.incoming.map(({ packetId }) => packetId)).toEqual(protocolVersion === 5 ? [1] : [1, 2]);
    expect(published(reader).map(({ payload }) => String(payload))).toEqual(['good']);
  });
});

describe('what nobody waits for', () => {
  it('is written as soon as the disk is there again', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const reader = await open(hub, 'reader', { clean: false });
    await subscribe(reader, 'a', 1);
    const writer = await open(hub, 'writer');
    writer.send(publishPacket('a', 1, 1));
    const { messageId = 0 } = await reader.packet('publish');
    storage.fail(BROKEN);
    const before = storage.changes.length;
    reader.send({ cmd: 'puback', messageId });
    await waitUntil(() => storage.changes.length > before, 'it was tried');
    expect(storage.stored.deliveries).toHaveLength(1);
    storage.fail(null);
    await waitUntil(() => storage.stored.deliveries.length === 0 && storage.stored.messages.length === 0, 'it is gone from the disk');
  });

  it('costs nothing: a QoS 1 report without a listener changes nothing on disk', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump');
    client.send(publishPacket('devices/pump/report', 1, 1), publishPacket('devices/pump/birth', 1, 2));
    await client.packet('puback', 1);
    expect(hub.storage.changes).toEqual([]);
    expect(hub.messages[0]).not.toHaveProperty('alongside');
    expect(hub.messages[0]).toMatchObject({ origin: { sender: 'a/device/pump/raw', id: 1, mayBeRepeat: false } });
  });

  it('a message for many sessions is on disk once', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    for (const id of ['a', 'b', 'c']) await subscribe(await open(hub, id, { clean: false }), 't');
    const writer = await open(hub, 'writer');
    writer.send(publishPacket('t', 1, 1));
    await writer.packet('puback');
    expect(hub.storage.changes.filter(({ kind }) => kind === 'put-message')).toHaveLength(1);
    expect(hub.storage.changes.filter(({ kind }) => kind === 'put-delivery').length).toBeGreaterThanOrEqual(3);
  });
});

describe('after a restart', () => {
  it('retained messages are there', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const writer = await open(hub, 'writer');
    writer.send(publishPacket('r/1', 1, 1, 'kept', { retain: true }), publishPacket('r/2', 1, 2, 'gone', { retain: true }));
    writer.send(publishPacket('r/2', 1, 3, '', { retain: true }));
    await writer.packet('puback', 2);
    const next = await restarted(hub, storage);
    const reader = await open(next, 'reader');
    await subscribe(reader, 'r/#');
    expect(await reader.packet('publish')).toMatchObject({ topic: 'r/1', retain: true });
    expect(next.protocol.counters().retained).toBe(1);
  });

  it('the retained message of a topic is the last that came, also when what it says took less time than the one before', async () => {
    const storage = memoryBrokerStorage();
    const finish: (() => void)[] = [];
    const alarm = {
      accept: () => new Promise<Outcome>((resolve) => finish.push(() => resolve({ accepted: 1, rejected: [], rejectedCount: 0 }))),
    };
    const hub = await startMqttHub({ storage, ports: { deviceMessages: { alarm } } });
    const pump = await signedIn(hub.port, 'pump', {});
    pump.send(...[1, 2, 3].map((id) => publishPacket('devices/pump/alarm', 1, id, `{"n":${id}}`, { retain: true })));
    await waitUntil(() => finish.length === 3, 'all three are looked at');
    for (const place of [2, 1]) {
      finish[place]?.();
      await turns();
    }
    finish[0]?.();
    await pump.packet('puback', 2);
    expect(storage.stored.retained.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['{"n":3}']);
  });

  it('sessions and messages that have expired, and those of devices that are gone, are not', async () => {
    const clock = testClock();
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ storage, ports: { clock } });
    const of = (seconds: number) => ({ protocolVersion: 5 as const, clean: false, properties: { sessionExpiryInterval: seconds } });
    for (const [name, seconds] of [
      ['pump', 100],
      ['gw', 10],
      ['other', 100],
    ] as const) {
      const client = await signedIn(hub.port, name, of(seconds));
      await subscribe(client, `devices/${name}/set`);
      client.socket.destroy();
    }
    await waitUntil(() => storage.stored.sessions.every(({ leftAt }) => leftAt !== null), 'all have gone');
    const disk = memoryBrokerStorage(storage.stored);
    clock.advance(50_000);
    const { Directory } = await import('../../../../src/lib/fleet/directory.ts');
    const { aDevice } = await import('../../../helpers/fleet.ts');
    const directory = new Directory();
    directory.putDevice(aDevice('pump', { project: 'a' }));
    const next = await startMqttHub({ storage: disk, ports: { clock, directory } });
    expect(next.protocol.counters()).toMatchObject({ sessions: 1, subscriptions: 1 });
    await waitUntil(() => disk.stored.sessions.length === 1, 'the others are removed from the disk');
  });

  it('the wills of clients that come back in time are not sent; the others are', async () => {
    const clock = testClock();
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage, ports: { clock } });
    const will = (topic: string) => ({ will: { topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false } });
    await open(hub, 'back', will('w/back'));
    await open(hub, 'lost', will('w/lost'));
    const polite = await open(hub, 'polite', will('w/polite'));
    polite.send({ cmd: 'disconnect' });
    await waitUntil(() => storage.stored.wills.length === 2, 'a good-bye takes the will off the disk');
    const next = await restarted(hub, storage, { ports: { clock }, settings: { 'mqtt.restart-will-grace-seconds': 30 } });
    const reader = await open(next, 'reader');
    await subscribe(reader, 'w/#');
    await open(next, 'back');
    clock.advance(29_000);
    await turns();
    expect(next.protocol.counters().wills).toBe(1);
    clock.advance(2_000);
    expect((await reader.packet('publish')).topic).toBe('w/lost');
    expect(published(reader)).toHaveLength(1);
    await waitUntil(() => next.storage.stored.wills.length === 0, 'it is gone from the disk');
  });

  it('an orderly stop is no death either: sessions stay and wills wait', async () => {
    const storage = memoryBrokerStorage();
    const hub = await startMqttHub({ settings: OPEN, storage });
    const client = await open(hub, 'client', { clean: false, will: { topic: 'w', payload: Buffer.from('gone'), qos: 1, retain: true } });
    await subscribe(client, 'a');
    await hub.protocol.stop();
    expect(storage.stored).toMatchObject({ sessions: [{ leftAt: expect.any(Number) }], wills: [{ dueAt: null }], retained: [] });
  });
});
