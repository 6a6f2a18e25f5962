import type { IConnectPacket, IPublishPacket } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { publishPacket, type RawMqtt, signedIn } from '../../../helpers/raw-mqtt.ts';
import { testClock } from '../../../helpers/test-clock.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const OPEN = { 'mqtt.open': true } as const;
const open = (hub: MqttHub, clientId: string, more: Partial<IConnectPacket> = {}) => signedIn(hub.port, 'anybody', { clientId, ...more });

async function subscribe(client: RawMqtt, ...subscriptions: readonly { topic: string; qos: 0 | 1 | 2; nl?: boolean }[]): Promise<void> {
  const before = client.received.filter(({ cmd }) => cmd === 'suback').length;
  client.send({ cmd: 'subscribe', messageId: 1 + before, subscriptions: [...subscriptions] });
  await client.packet('suback', before);
}

/** Everything that was published to the client before it got the answer to a ping. */
async function heard(client: RawMqtt): Promise<IPublishPacket[]> {
  // Deliveries leave a turn of the event loop after the message came in.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  const before = client.received.filter(({ cmd }) => cmd === 'pingresp').length;
  client.send({ cmd: 'pingreq' });
  await client.packet('pingresp', before);
  return client.received.filter((packet): packet is IPublishPacket => packet.cmd === 'publish');
}

async function publish(client: RawMqtt, topic: string, payload: string, qos: 1 | 2 = 1, more: { retain?: boolean } = {}): Promise<void> {
  const answer = qos === 1 ? 'puback' : 'pubrec';
  const before = client.received.filter(({ cmd }) => cmd === answer).length;
  client.send(publishPacket(topic, qos, 100 + before, payload, more));
  await client.packet(answer, before);
}

async function leave(hub: MqttHub, client: RawMqtt): Promise<void> {
  const before = hub.protocol.counters().connections;
  client.socket.destroy();
  await waitUntil(() => hub.protocol.counters().connections < before, 'the client has left');
}

describe.each([4, 5] as const)('a lasting session (version %i)', (protocolVersion) => {
  const lasting = { protocolVersion, clean: false, properties: { sessionExpiryInterval: 100 } };

  it('keeps subscriptions and messages for an absent client', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const first = await open(hub, 'reader', lasting);
    await subscribe(first, { topic: '+/+', qos: 1 }, { topic: 'zero', qos: 0 });
    await leave(hub, first);
    const writer = await open(hub, 'writer');
    await publish(writer, '/empty', 'one', 2);
    await publish(writer, 'a/b', 'two', 1, { retain: true });
    await publish(writer, '$x/b', 'hidden');
    await publish(writer, 'zero', 'lost');
    const second = await open(hub, 'reader', lasting);
    expect((await second.packet('connack')).sessionPresent).toBe(true);
    await second.packet('publish', 1);
    const packets = await heard(second);
    expect(packets.map(({ payload, qos, retain }) => [String(payload), qos, retain])).toEqual([
      ['one', 1, false],
      ['two', 1, false],
    ]);
  });

  it('is present even without subscriptions', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const first = await open(hub, 'reader', lasting);
    expect((await first.packet('connack')).sessionPresent).toBe(false);
    await leave(hub, first);
    const second = await open(hub, 'reader', lasting);
    expect((await second.packet('connack')).sessionPresent).toBe(true);
  });

  it('sends again, as a duplicate, what was not acknowledged', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const first = await open(hub, 'reader', lasting);
    await subscribe(first, { topic: 'a', qos: 2 });
    const writer = await open(hub, 'writer');
    await publish(writer, 'a', 'one', 1);
    const before = await first.packet('publish');
    await leave(hub, first);
    const second = await open(hub, 'reader', lasting);
    expect(await second.packet('publish')).toMatchObject({ messageId: before.messageId, dup: true, qos: 1 });
    second.send({ cmd: 'puback', messageId: before.messageId ?? 0 });
    await heard(second);
    await leave(hub, second);
    const third = await open(hub, 'reader', lasting);
    expect(await heard(third)).toEqual([]);
  });

  it('continues a QoS 2 delivery with PUBREL', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const first = await open(hub, 'reader', lasting);
    await subscribe(first, { topic: 'a', qos: 2 });
    await publish(await open(hub, 'writer'), 'a', 'one', 2);
    const { messageId = 0 } = await first.packet('publish');
    first.send({ cmd: 'pubrec', messageId });
    await first.packet('pubrel');
    await leave(hub, first);
    const second = await open(hub, 'reader', lasting);
    expect((await second.packet('pubrel')).messageId).toBe(messageId);
    second.send({ cmd: 'pubcomp', messageId });
    expect(await heard(second)).toEqual([]);
  });

  it('is forgotten by a clean start', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const first = await open(hub, 'reader', lasting);
    await subscribe(first, { topic: 'a', qos: 1 });
    await leave(hub, first);
    await publish(await open(hub, 'writer'), 'a', 'one');
    const second = await open(hub, 'reader', { ...lasting, clean: true });
    expect((await second.packet('connack')).sessionPresent).toBe(false);
    expect(await heard(second)).toEqual([]);
  });

  it('ends after the longest session expiry', async () => {
    const clock = testClock();
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.session-expiry-max-seconds': 60 }, ports: { clock } });
    const first = await open(hub, 'reader', lasting);
    if (protocolVersion === 5) expect((await first.packet('connack')).properties).toMatchObject({ sessionExpiryInterval: 60 });
    await subscribe(first, { topic: 'a', qos: 1 });
    await leave(hub, first);
    clock.advance(59_000);
    const second = await open(hub, 'reader', lasting);
    expect((await second.packet('connack')).sessionPresent).toBe(true);
    await leave(hub, second);
    clock.advance(60_000);
    const third = await open(hub, 'reader', lasting);
    expect((await third.packet('connack')).sessionPresent).toBe(false);
  });

  it('is not kept beyond the limit of sessions', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.sessions-max': 2 } });
    for (const id of ['a', 'b', 'c', 'd']) await leave(hub, await open(hub, id, lasting));
    expect(hub.protocol.counters().sessions).toBe(2);
  });

  it('holds so many messages and drops the rest with a count', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.session-messages-max': 3 } });
    const first = await open(hub, 'reader', lasting);
    await subscribe(first, { topic: 'a', qos: 1 });
    await leave(hub, first);
    const writer = await open(hub, 'writer');
    for (let count = 0; count < 5; count++) await publish(writer, 'a', String(count));
    expect(hub.protocol.counters().dropped).toBe(2);
    const second = await open(hub, 'reader', lasting);
    await second.packet('publish', 2);
    expect((await heard(second)).map(({ payload }) => String(payload))).toEqual(['0', '1', '2']);
  });
});

describe('delivery', () => {
  it('is at the granted QoS, for wildcards and retained messages too', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const writer = await open(hub, 'writer');
    await publish(writer, 'r/1', 'kept', 2, { retain: true });
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: 'r/#', qos: 0 }, { topic: 'w/+', qos: 1 }, { topic: 'exact', qos: 1 });
    await publish(writer, 'w/1', 'two', 2);
    await publish(writer, 'exact', 'three', 2);
    await reader.packet('publish', 2);
    expect((await heard(reader)).map(({ payload, qos, retain }) => [String(payload), qos, retain])).toEqual([
      ['kept', 0, true],
      ['two', 1, false],
      ['three', 1, false],
    ]);
  });

  it('comes once, at the highest QoS, when several filters match', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: 'a/#', qos: 0 }, { topic: 'a/+', qos: 2 }, { topic: '+/b', qos: 1 });
    await publish(await open(hub, 'writer'), 'a/b', 'one', 2);
    await reader.packet('publish');
    expect((await heard(reader)).map(({ qos }) => qos)).toEqual([2]);
  });

  it('loses nothing when a retained message is followed by others at once', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: '#', qos: 0 });
    const writer = await open(hub, 'writer');
    writer.send(
      publishPacket('a', 0, 0, 'one', { retain: true }),
      publishPacket('a', 1, 1, 'two'),
      publishPacket('a', 0, 0, 'three'),
      publishPacket('a', 2, 2, 'four', { retain: true }),
      publishPacket('a', 0, 0, 'five'),
    );
    await reader.packet('publish', 4);
    expect((await heard(reader)).map(({ payload }) => String(payload)).sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
  });

  it('hides topics with $ from wildcards, retained ones too', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const writer = await open(hub, 'writer');
    await publish(writer, '$a/b', 'kept', 1, { retain: true });
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: '#', qos: 1 }, { topic: '+/b', qos: 1 });
    await publish(writer, '$a/b', 'live');
    expect(await heard(reader)).toEqual([]);
    await subscribe(reader, { topic: '$a/#', qos: 1 });
    expect(String((await reader.packet('publish')).payload)).toBe('kept');
  });

  it('keeps to the receive maximum of an MQTT 5 client', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const reader = await open(hub, 'reader', { protocolVersion: 5, properties: { receiveMaximum: 2 } });
    await subscribe(reader, { topic: 'a', qos: 2 });
    const writer = await open(hub, 'writer');
    for (const payload of ['1', '2', '3', '4']) await publish(writer, 'a', payload, payload === '2' ? 2 : 1);
    const [first, second] = await heard(reader);
    expect(await heard(reader)).toHaveLength(2);
    reader.send({ cmd: 'puback', messageId: first?.messageId ?? 0 });
    await reader.packet('publish', 2);
    reader.send({ cmd: 'pubrec', messageId: second?.messageId ?? 0 });
    await reader.packet('pubrel');
    expect(await heard(reader)).toHaveLength(3);
    reader.send({ cmd: 'pubcomp', messageId: second?.messageId ?? 0 });
    await reader.packet('publish', 3);
  });

  it('skips what is larger than an MQTT 5 client takes', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const reader = await open(hub, 'reader', { protocolVersion: 5, properties: { maximumPacketSize: 100 } });
    await subscribe(reader, { topic: 'a', qos: 1 });
    const writer = await open(hub, 'writer');
    await publish(writer, 'a', 'x'.repeat(200));
    await publish(writer, 'a', 'small');
    await reader.packet('publish');
    expect((await heard(reader)).map(({ payload }) => String(payload))).toEqual(['small']);
    expect(hub.protocol.counters().dropped).toBe(1);
  });

  it('with No Local does not come back, absent or present', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const both = await open(hub, 'both', { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 60 } });
    await subscribe(both, { topic: 'a', qos: 1, nl: true });
    await publish(both, 'a', 'mine');
    expect(await heard(both)).toEqual([]);
    await leave(hub, both);
    const again = await open(hub, 'both', { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 60 } });
    expect(await heard(again)).toEqual([]);
  });
});

describe('retained messages', () => {
  it('are replaced, removed and limited', async () => {
    const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.retained-messages-max': 2 } });
    const writer = await open(hub, 'writer');
    for (const [topic, payload] of [
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
      ['c', '4'],
    ] as const)
      await publish(writer, topic, payload, 1, { retain: true });
    expect(hub.protocol.counters()).toMatchObject({ retained: 2, dropped: 1 });
    await publish(writer, 'b', '', 1, { retain: true });
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: '#', qos: 1 });
    await reader.packet('publish');
    expect((await heard(reader)).map(({ payload }) => String(payload))).toEqual(['2']);
  });
});

describe('open mode', () => {
  it('takes reports of known devices and passes the rest on as messages', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: 'devices/#', qos: 1 });
    const writer = await open(hub, 'writer');
    await publish(writer, 'devices/pump/report', '{"a":1}');
    await publish(writer, 'devices/ghost/report', '{"a":2}');
    await reader.packet('publish', 1);
    expect(hub.messages.map(({ topic }) => topic)).toEqual(['devices/pump/report']);
  });

  it('leaves $SYS to the hub: nobody is disconnected through it', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const victim = await open(hub, 'victim');
    const reader = await open(hub, 'reader');
    await subscribe(reader, { topic: '$SYS/#', qos: 0 });
    const rude = await open(hub, 'rude');
    await publish(rude, '$SYS/forged/new/clients', 'open/victim');
    expect((await heard(reader)).filter(({ topic }) => topic.startsWith('$SYS/forged'))).toEqual([]);
    expect(victim.isClosed()).toBe(false);
    expect(rude.isClosed()).toBe(false);
  });

  it('needs no credentials and lets the same client identifier take over', async () => {
    const hub = await startMqttHub({ settings: OPEN });
    const first = await open(hub, 'same', { username: undefined as never, password: undefined as never });
    await open(hub, 'same');
    await first.closed();
  });
});

describe('topic aliases', () => {
  it('work for MQTT 5 up to the advertised number', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.topic-alias-max': 2 } });
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    expect((await client.packet('connack')).properties).toMatchObject({ topicAliasMaximum: 2 });
    const aliased = (topic: string, topicAlias: number, messageId: number) =>
      client.send({ cmd: 'publish', topic, qos: 1, messageId, payload: '{}', dup: false, retain: false, properties: { topicAlias } });
    aliased('devices/pump/report', 1, 1);
    aliased('', 1, 2);
    await client.packet('puback', 1);
    expect(hub.messages.map(({ topic }) => topic)).toEqual(['devices/pump/report', 'devices/pump/report']);
    aliased('devices/pump/report', 3, 3);
    expect((await client.packet('disconnect')).reasonCode).toBe(0x94);
  });
});
