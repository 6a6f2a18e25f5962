import type { IConnectPacket } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import { memoryBrokerStorage } from '../../../helpers/memory-broker-storage.ts';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { publishPacket, type RawMqtt, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

// What happens to one thing while an earlier change of it is still on its way to the disk.

const OPEN = { 'mqtt.open': true } as const;
const BROKEN = new MusterError('storage_failed', 'the disk is full');
const lasting = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 1000 } } as const;
const open = (hub: MqttHub, clientId: string, more: Partial<IConnectPacket> = {}) => signedIn(hub.port, 'anybody', { clientId, ...more });

async function pong(client: RawMqtt): Promise<void> {
  const before = client.received.filter(({ cmd }) => cmd === 'pingresp').length;
  client.send({ cmd: 'pingreq' });
  await client.packet('pingresp', before);
}

it('a retained message that is refused at once does not undo the one before it, which is on its way to the disk', async () => {
  const hub = await startMqttHub({ settings: OPEN, held: true });
  const writer = await open(hub, 'writer', { protocolVersion: 5 });
  const topic = 'devices/pump/report';
  writer.send(publishPacket(topic, 1, 1, '{"t":1}', { retain: true }), publishPacket(topic, 1, 2, '{"t":2}', { retain: true }));
  await waitUntil(() => hub.waiting.length === 2, 'both are with ingest');
  // Refused without a commit, as of a device that sends too fast.
  hub.waiting[1]?.fail(new MusterError('rate_limited', 'too many messages'));
  hub.storage.hold();
  hub.waiting[0]?.store();
  await waitUntil(() => hub.storage.waiting > 0, 'the first is on its way');
  await new Promise((resolve) => setTimeout(resolve, 60));
  hub.storage.write();
  await writer.packet('puback', 1);
  await waitUntil(() => {
    hub.storage.write();
    return hub.storage.waiting === 0;
  }, 'all is written');
  await waitUntil(() => hub.storage.stored.retained.length === 1, 'the message that was acknowledged is retained on disk');
  expect(String(Buffer.from(hub.storage.stored.retained[0]?.payload ?? []))).toBe('{"t":1}');
});

it('a client that comes back while its PUBREC is on its way to the disk gets its PUBREL', async () => {
  const hub = await startMqttHub({ settings: OPEN });
  const reader = await open(hub, 'reader', lasting);
  reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 2 }] });
  await reader.packet('suback');
  const writer = await open(hub, 'writer');
  writer.send(publishPacket('a', 2, 1, 'one'));
  const { messageId = 0 } = await reader.packet('publish');
  hub.storage.hold();
  reader.send({ cmd: 'pubrec', messageId });
  await pong(reader);
  reader.socket.destroy();
  const again = await open(hub, 'reader', lasting);
  await again.packet('publish');
  again.send({ cmd: 'pubrec', messageId });
  await pong(again);
  hub.storage.write();
  expect((await again.packet('pubrel')).messageId).toBe(messageId);
});

it('a second PUBREL is answered when the first one is on disk, not before', async () => {
  const hub = await startMqttHub({ settings: OPEN });
  const writer = await open(hub, 'writer', lasting);
  writer.send(publishPacket('a', 2, 7));
  await writer.packet('pubrec');
  hub.storage.hold();
  writer.send({ cmd: 'pubrel', messageId: 7 }, { cmd: 'pubrel', messageId: 7 });
  await pong(writer);
  expect(writer.received.map(({ cmd }) => cmd)).not.toContain('pubcomp');
  await waitUntil(() => hub.storage.waiting > 0, 'the release is on its way');
  hub.storage.write();
  await writer.packet('pubcomp', 1);
});

it('a change that is tried again does not undo what was written since: the identifier of a QoS 2 message', async () => {
  const hub = await startMqttHub({ settings: OPEN });
  const writer = await open(hub, 'writer', lasting);
  hub.storage.fail(BROKEN);
  hub.storage.hold();
  writer.send(publishPacket('a', 2, 7));
  await waitUntil(() => hub.storage.waiting === 1, 'the message is on its way');
  hub.storage.write();
  expect((await writer.packet('pubrec')).reasonCode).toBe(0x83);
  await waitUntil(() => hub.storage.waiting === 1, 'the identifier is to be taken back');
  writer.send(publishPacket('a', 2, 7));
  await waitUntil(() => hub.storage.waiting === 2, 'the message came again');
  hub.storage.write(1);
  hub.storage.fail(null);
  hub.storage.write();
  expect((await writer.packet('pubrec', 1)).reasonCode ?? 0).toBeLessThan(0x80);
  const before = hub.storage.changes.length;
  // Whatever was tried again comes before this, which has to wait for its turn.
  writer.send(publishPacket('a', 1, 8, 'x', { retain: true }));
  await waitUntil(() => {
    hub.storage.write();
    return hub.storage.changes.length > before && hub.storage.waiting === 0;
  }, 'the disk has been used again');
  await writer.packet('puback');
  expect(hub.storage.stored.incoming).toHaveLength(1);
});

it('what a clean start was to end is not there again after a restart, though the disk failed at that moment', async () => {
  const storage = memoryBrokerStorage();
  const hub = await startMqttHub({ settings: OPEN, storage });
  const first = await open(hub, 'reader', lasting);
  first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] });
  await first.packet('suback');
  storage.fail(BROKEN);
  await expect(open(hub, 'reader', { ...lasting, clean: true })).rejects.toThrow('refused');
  storage.fail(null);
  const again = await open(hub, 'reader', { ...lasting, clean: true });
  await waitUntil(() => storage.stored.sessions.length === 1 && storage.stored.subscriptions.length === 0, 'the old session has left the disk');
  again.socket.destroy();
});

it('a will that the disk does not take at the moment is sent when it does', async () => {
  const hub = await startMqttHub({ settings: OPEN });
  const reader = await open(hub, 'reader', lasting);
  reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'gone', qos: 1 }] });
  await reader.packet('suback');
  const mortal = await open(hub, 'mortal', { will: { topic: 'gone', payload: Buffer.from('mortal'), qos: 1, retain: false } });
  hub.storage.fail(BROKEN);
  mortal.socket.destroy();
  await waitUntil(() => hub.protocol.counters().failed === 1, 'it was tried');
  hub.storage.fail(null);
  expect(String((await reader.packet('publish')).payload)).toBe('mortal');
});
