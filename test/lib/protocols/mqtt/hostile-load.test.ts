import { generate } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ProjectId } from '../../../../src/lib/domain/ids.ts';
import { newMessage } from '../../../../src/lib/protocols/mqtt/sessions/message.ts';
import { RetainedMessages } from '../../../../src/lib/protocols/mqtt/sessions/retained-messages.ts';
import { aDevice } from '../../../helpers/fleet.ts';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const OPEN = { 'mqtt.open': true } as const;
const writer = { later: () => {} };
const retained = (key: number, topic: string, properties: Uint8Array | null = null) =>
  newMessage(key, { topic, payload: Buffer.from('x'), properties, qos: 1, retain: true, expirySeconds: null, sender: null }, 0);

it('a filter that matches none of many retained messages gives way at every step', () => {
  const store = new RetainedMessages(10_000, 10_000_000);
  for (let key = 1; key <= 1_000; key++) store.restore(retained(key, `devices/d${key}/report`));
  expect([...store.matching('devices/+/nothing')].length).toBeGreaterThanOrEqual(1_000);
  expect([...store.matching('devices/+/nothing')].filter((message) => message !== null)).toEqual([]);
  expect([...store.matching('+/+/report')].filter((message) => message !== null)).toHaveLength(1_000);
});

it('the size of a retained message includes its properties', () => {
  const store = new RetainedMessages(10, 2_000);
  expect(store.prepare(retained(1, 'a', Buffer.alloc(3_000)), [])).toBe(false);
  const message = retained(2, 'a', Buffer.alloc(1_000));
  expect(store.prepare(message, [])).toBe(true);
  store.apply(message, writer);
  expect(store.prepare(retained(3, 'b', Buffer.alloc(1_000)), [])).toBe(false);
});

it('a device that takes the name of a deleted one in another project does not inherit what that one retained', async () => {
  const hub = await startMqttHub();
  const pump = await signedIn(hub.port, 'pump', { clientId: 'p' });
  pump.send(publishPacket('devices/pump/report', 1, 1, '{"secret":1}', { retain: true }));
  await pump.packet('puback');
  expect(hub.protocol.counters().retained).toBe(1);
  hub.directory.removeDevice('pump' as never);
  hub.changeCredentials('pump');
  hub.directory.putDevice(aDevice('pump', { project: 'b' as ProjectId }));
  const reader = await signedIn(hub.port, 'mst_b_viewer', { clientId: 'r' });
  reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'devices/+/report', qos: 1 }] }, { cmd: 'pingreq' });
  await reader.packet('pingresp');
  await waitUntil(() => hub.storage.stored.retained.length === 0, 'it has left the disk');
  expect(reader.received.filter(({ cmd }) => cmd === 'publish')).toEqual([]);
});

it('unfinished CONNECTs share a budget of memory: those beyond it are cut, those that are known are not', async () => {
  const hub = await startMqttHub({ settings: OPEN });
  const known = await signedIn(hub.port, 'anybody', { clientId: 'known' });
  const head = Buffer.concat([Buffer.from([0x10, 0xf0, 0xff, 0x0f]), Buffer.alloc(200_000, 1)]);
  const greedy = await Promise.all(Array.from({ length: 200 }, () => openRawMqtt(hub.port)));
  for (const client of greedy) client.bytes(head);
  await waitUntil(() => greedy.some((client) => client.isClosed()), 'some are cut', 10_000);
  const held = () => greedy.filter((client) => !client.isClosed()).length * head.length;
  await waitUntil(() => held() <= 32 * 1024 * 1024, 'what is left is within the budget');
  expect(known.isClosed()).toBe(false);
  const next = await openRawMqtt(hub.port);
  next.send(connectPacket('anybody', { clientId: 'next' }));
  await next.packet('connack');
});

it('the topic filters of a client have a size in all, beyond which they are refused', async () => {
  const hub = await startMqttHub({ settings: OPEN });
  const client = await signedIn(hub.port, 'anybody', { clientId: 'greedy', protocolVersion: 5 });
  const codes: unknown[] = [];
  for (let index = 0; index < 40; index++) {
    client.send({ cmd: 'subscribe', messageId: index + 1, subscriptions: [{ topic: `${index}${'x'.repeat(60_000)}`, qos: 0 }] });
    codes.push((await client.packet('suback', index)).granted[0]);
  }
  expect(codes[0]).toBe(0);
  expect(codes.at(-1)).toBe(0x97);
  client.send({ cmd: 'unsubscribe', messageId: 100, unsubscriptions: [`0${'x'.repeat(60_000)}`] });
  expect((await client.packet('unsuback')).granted).toEqual([0]);
  client.send({ cmd: 'subscribe', messageId: 101, subscriptions: [{ topic: 'y'.repeat(60_000), qos: 0 }] });
  expect((await client.packet('suback', 40)).granted).toEqual([0]);
});

it('a device that leaves session after session behind does not push out those of others, but its own oldest', async () => {
  const hub = await startMqttHub({ settings: { 'mqtt.connections-per-device-max': 2 } });
  const lasting = { clean: false } as const;
  (await signedIn(hub.port, 'gw', { ...lasting, clientId: 'quiet' })).send({ cmd: 'disconnect' });
  for (let index = 0; index < 6; index++) {
    const client = await signedIn(hub.port, 'pump', { ...lasting, clientId: `c${index}` });
    client.send({ cmd: 'disconnect' });
    await client.closed();
  }
  await waitUntil(() => hub.protocol.counters().sessionsPresent === 0, 'all have left');
  expect(hub.protocol.counters().sessionsAbsent).toBe(3);
  const again = async (user: string, clientId: string) => (await (await signedIn(hub.port, user, { ...lasting, clientId })).packet('connack')).sessionPresent;
  expect(await again('gw', 'quiet')).toBe(true);
  expect(await again('pump', 'c5')).toBe(true);
});

it('a SUBSCRIBE of very many filters is refused without a word for each of them', async () => {
  const hub = await startMqttHub();
  const pump = await signedIn(hub.port, 'pump', { clientId: 'p' });
  pump.send({ cmd: 'subscribe', messageId: 1, subscriptions: Array.from({ length: 50_000 }, (_, index) => ({ topic: `x/${index}`, qos: 0 as const })) });
  await waitUntil(() => pump.isClosed() || pump.received.some(({ cmd }) => cmd === 'suback'), 'there is an answer', 10_000);
  expect(hub.trouble.length).toBeLessThanOrEqual(100);
});

it.each([4, 5] as const)('a connection ends when its token does, with protocol version %i', async (protocolVersion) => {
  const expiresAt = Date.now() + 400;
  const principal = { kind: 'token', id: 't', name: 't', project: 'a' as ProjectId, role: 'viewer' } as const;
  const answer = () => Promise.resolve({ ok: true, principal, expiresAt } as const);
  const hub = await startMqttHub({ ports: { authenticator: { bearer: answer, device: answer, user: answer, certificate: answer } } });
  const reader = await signedIn(hub.port, 'mst_a_viewer', { clientId: 'r', protocolVersion });
  await reader.closed();
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt - 250);
  if (protocolVersion === 5) expect((await reader.packet('disconnect')).reasonCode).toBe(0x87);
});

it('what a client sent before it closed its WebSocket is handled to its end, though the hub was busy then', async () => {
  const hub = await startMqttHub({ settings: { ...OPEN, 'mqtt.receive-maximum': 2 }, held: true });
  const reader = await signedIn(hub.port, 'anybody', { clientId: 'r' });
  reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'will', qos: 0 }] });
  await reader.packet('suback');
  const socket = new WebSocket(await hub.webSocketUrl(), 'mqtt');
  await new Promise<void>((resolve) => socket.on('open', () => resolve()));
  const will = { topic: 'will', payload: Buffer.from('w'), qos: 0, retain: false } as const;
  socket.send(generate(connectPacket('anybody', { clientId: 'w', will })));
  await new Promise<void>((resolve) => socket.once('message', () => resolve()));
  for (let id = 1; id <= 6; id++) socket.send(generate(publishPacket('devices/pump/report', 1, id)));
  socket.send(generate({ cmd: 'disconnect' }));
  await waitUntil(() => hub.waiting.length === 2, 'its window is full');
  socket.close();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await waitUntil(() => {
    for (const { store } of hub.waiting) store();
    return hub.messages.length === 6;
  }, 'all of its messages are with ingest');
  await waitUntil(() => hub.protocol.counters().connections === 1, 'it has gone');
  reader.send({ cmd: 'pingreq' });
  await reader.packet('pingresp');
  expect(reader.received.some(({ cmd }) => cmd === 'publish')).toBe(false);
});
