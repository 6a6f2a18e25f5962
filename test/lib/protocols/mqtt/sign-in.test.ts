import type { IConnectPacket } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { aDevice } from '../../../helpers/fleet.ts';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const connection = (username: string | null, more: Partial<IConnectPacket> = {}) => connectPacket(username, more);

describe('signing in', () => {
  it.each([
    ['a wrong password', connection('pump', { password: Buffer.from('wrong') }), 4, 0x86],
    ['an unknown device', connection('ghost'), 4, 0x86],
    ['no user name', connection(null), 5, 0x87],
    ['a disabled device', connection('idle'), 5, 0x87],
    ['a client identifier that is too long', connection('pump', { clientId: 'x'.repeat(300) }), 2, 0x85],
    ['a client identifier of 64 kB', connection('pump', { clientId: 'x'.repeat(65_535) }), 2, 0x85],
    ['a wildcard as user name', connection('+'), 4, 0x86],
    ['a wrong token', connection('x', { password: Buffer.from('mst_nonsense') }), 4, 0x86],
    ['a locked token', connection('x', { password: Buffer.from('mst_locked') }), 3, 0x97],
    ['a will on the topic of another', connection('pump', { will: { topic: 'devices/gw/death', payload: Buffer.from('x'), qos: 0, retain: false } }), 5, 0x87],
    ['a retained will on any topic', connection('pump', { will: { topic: 'a/b', payload: Buffer.from('x'), qos: 1, retain: true } }), 5, 0x87],
  ])('is refused with %s', async (_name, packet, returnCode, reasonCode) => {
    const hub = await startMqttHub();
    const old = await openRawMqtt(hub.port, 4);
    old.send(packet);
    expect((await old.packet('connack')).returnCode).toBe(returnCode);
    await old.closed();
    const modern = await openRawMqtt(hub.port, 5);
    modern.send({ ...packet, protocolVersion: 5 });
    expect((await modern.packet('connack')).reasonCode).toBe(reasonCode);
    await modern.closed();
    expect(hub.protocol.counters()).toMatchObject({ refusedConnections: 2, sessions: 0 });
    expect(hub.present.size).toBe(0);
  });

  it.each([
    ['the client identifier', connection('pump', { clientId: 'a\0b' })],
    ['the user name', connection('pu\0mp')],
  ])('ends at once with U+0000 in %s', async (_name, packet) => {
    const hub = await startMqttHub();
    const old = await openRawMqtt(hub.port, 4);
    old.send(packet);
    await old.closed();
    expect(old.received).toEqual([]);
    const modern = await openRawMqtt(hub.port, 5);
    modern.send({ ...packet, protocolVersion: 5 });
    expect((await modern.packet('connack')).reasonCode).toBe(0x81);
    await modern.closed();
    expect(hub.logIns).toEqual([]);
  });

  it('tells an MQTT 5 client that it is locked out', async () => {
    const hub = await startMqttHub();
    const client = await openRawMqtt(hub.port, 5);
    client.send(connection('mst_locked', { protocolVersion: 5 }));
    expect(await client.packet('connack')).toMatchObject({ reasonCode: 0x97, properties: { reasonString: 'too many wrong tokens' } });
  });

  it.each([
    ['as password', connection('anything', { password: Buffer.from('mst_a_operator') })],
    ['as user name alone', connection(null, { username: 'mst_a_operator' })],
  ] as const)('takes an API token %s', async (_name, packet) => {
    const hub = await startMqttHub();
    const client = await openRawMqtt(hub.port);
    client.send(packet);
    expect((await client.packet('connack')).returnCode).toBe(0);
    client.send(publishPacket('devices/pump/report', 1, 1));
    await client.packet('puback');
    expect(hub.messages[0]?.principal).toMatchObject({ kind: 'token', project: 'a' });
  });

  it('gives ingest the message with its origin', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'gw', { protocolVersion: 5 });
    client.send({
      cmd: 'publish',
      topic: 'devices/sensor/report',
      qos: 1,
      messageId: 1,
      payload: '{"a":1}',
      dup: false,
      retain: false,
      properties: { contentType: 'application/senml+json' },
    });
    await client.packet('puback');
    expect(hub.messages[0]).toMatchObject({
      device: { id: 'sensor' },
      principal: { kind: 'device', id: 'gw', project: 'a' },
      protocol: 'mqtt',
      address: '127.0.0.1',
      topic: 'devices/sensor/report',
      contentType: 'application/senml+json',
    });
    expect(Buffer.from(hub.messages[0]?.payload ?? []).toString()).toBe('{"a":1}');
  });

  it('shows a device as present while it is connected, and its children as seen through it', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'gw');
    const [own] = [...hub.present.values()];
    expect(own).toMatchObject({ device: 'gw', protocol: 'mqtt', address: '127.0.0.1' });
    client.send(publishPacket('devices/sensor/report', 1, 1));
    await client.packet('puback');
    expect(hub.seen).toEqual([{ device: 'sensor', connectionId: own?.id }]);
    client.socket.destroy();
    await waitUntil(() => hub.present.size === 0, 'the gateway has gone');
  });

  it('ends a half-open connection by its keep-alive', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump', { keepalive: 1 });
    expect(hub.present.size).toBe(1);
    await client.closed();
    expect(hub.present.size).toBe(0);
  });

  it('limits the keep-alive: refuses MQTT 3.1.1, tells MQTT 5', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.keep-alive-max-seconds': 30 } });
    for (const keepalive of [0, 31]) {
      const old = await openRawMqtt(hub.port);
      old.send(connection('pump', { keepalive }));
      expect((await old.packet('connack')).returnCode).toBe(5);
      const modern = await signedIn(hub.port, 'pump', { protocolVersion: 5, keepalive });
      expect((await modern.packet('connack')).properties).toMatchObject({ serverKeepAlive: 30 });
    }
    await signedIn(hub.port, 'pump', { keepalive: 30 });
  });

  it('names a client that has no identifier, and keeps the name usable', async () => {
    const hub = await startMqttHub();
    const first = await signedIn(hub.port, 'pump', { protocolVersion: 5, clientId: '', properties: { sessionExpiryInterval: 60 } });
    const name = (await first.packet('connack')).properties?.assignedClientIdentifier ?? '';
    expect(name).toMatch(/^muster-/);
    first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'devices/pump/set', qos: 1 }] });
    await first.packet('suback');
    first.socket.destroy();
    await waitUntil(() => hub.protocol.counters().connections === 0, 'it has gone');
    const second = await signedIn(hub.port, 'pump', { protocolVersion: 5, clientId: name, clean: false });
    expect((await second.packet('connack')).sessionPresent).toBe(true);
  });
});

describe('when credentials change', () => {
  it.each([4, 5] as const)('the connections of the device are cut and its sessions forgotten (version %i)', async (protocolVersion) => {
    const hub = await startMqttHub();
    const lasting = { protocolVersion, clean: false, properties: { sessionExpiryInterval: 60 } };
    const pump = await signedIn(hub.port, 'pump', lasting);
    const gateway = await signedIn(hub.port, 'gw', lasting);
    hub.changeCredentials('pump');
    if (protocolVersion === 5) expect((await pump.packet('disconnect')).reasonCode).toBe(0x98);
    await pump.closed();
    expect(hub.protocol.counters().sessions).toBe(1);
    const again = await signedIn(hub.port, 'pump', lasting);
    expect((await again.packet('connack')).sessionPresent).toBe(false);
    expect(gateway.isClosed()).toBe(false);
  });

  it('a revoked token ends its connections and no others', async () => {
    const hub = await startMqttHub();
    const operator = await signedIn(hub.port, 'x', { password: Buffer.from('mst_a_operator') });
    const viewer = await signedIn(hub.port, 'x', { password: Buffer.from('mst_a_viewer') });
    hub.revokeToken('a-operator');
    await operator.closed();
    expect(viewer.isClosed()).toBe(false);
  });

  it('during a log-in, they are checked again', async () => {
    let calls = 0;
    let change: () => void = () => {};
    const hub = await startMqttHub({
      ports: {
        authenticator: {
          async device() {
            if (++calls > 1) return { ok: false, code: 'not_logged_in', reason: 'changed', retryAfterMs: null };
            change();
            return { ok: true, principal: { kind: 'device', id: 'pump' as never, project: 'a' as never } };
          },
          bearer: () => Promise.reject(new Error('not used')),
          user: () => Promise.reject(new Error('not used')),
          certificate: () => Promise.reject(new Error('not used')),
        },
      },
    });
    change = () => hub.changeCredentials('pump');
    const client = await openRawMqtt(hub.port);
    client.send(connection('pump'));
    expect((await client.packet('connack')).returnCode).toBe(4);
  });

  it('a device that is disabled meanwhile may not report', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump');
    hub.directory.putDevice(aDevice('pump', { project: 'a', state: 'disabled' }));
    client.send(publishPacket('devices/pump/report', 1, 1));
    await client.closed();
    expect(hub.messages).toEqual([]);
    expect(hub.refused).toMatchObject([
      { device: 'pump', topic: 'devices/pump/report', action: 'sample:write', reason: 'the device is disabled', payloadBytes: 7 },
    ]);
  });
});

describe('client identifiers', () => {
  it('are taken over by the same device only', async () => {
    const hub = await startMqttHub();
    const pump = await signedIn(hub.port, 'pump', { protocolVersion: 5, clientId: 'same' });
    const gateway = await signedIn(hub.port, 'gw', { protocolVersion: 5, clientId: 'same' });
    const token = await signedIn(hub.port, 'x', { clientId: 'same', password: Buffer.from('mst_a_operator') });
    const stranger = await signedIn(hub.port, 'other', { clientId: 'same' });
    expect([pump, gateway, token, stranger].map((client) => client.isClosed())).toEqual([false, false, false, false]);
    const again = await signedIn(hub.port, 'pump', { protocolVersion: 5, clientId: 'same' });
    expect((await pump.packet('disconnect')).reasonCode).toBe(0x8e);
    await pump.closed();
    expect([again, gateway, token, stranger].map((client) => client.isClosed())).toEqual([false, false, false, false]);
    await waitUntil(() => hub.present.size === 3, 'three devices are present');
  });

  it.each(['#', 'a/+/b', '../../b/device/other/same', '$SYS'])('such as %s open nothing', async (clientId) => {
    const hub = await startMqttHub();
    const victim = await signedIn(hub.port, 'other', { clientId: 'same' });
    const client = await signedIn(hub.port, 'pump', { clientId });
    client.send(publishPacket('devices/pump/report', 1, 1));
    await client.packet('puback');
    expect(victim.isClosed()).toBe(false);
  });
});
