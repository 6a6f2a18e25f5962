import { describe, expect, it } from 'vitest';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { publishPacket, type RawMqtt, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const TOKEN = { password: Buffer.from('mst_a_viewer'), clientId: 'application' };

async function subscribe(client: RawMqtt, topic: string, qos: 0 | 1 | 2 = 1): Promise<number> {
  const before = client.received.filter(({ cmd }) => cmd === 'suback').length;
  client.send({ cmd: 'subscribe', messageId: 1_000 + before, subscriptions: [{ topic, qos }] });
  const { granted } = await client.packet('suback', before);
  return Number(granted[0]);
}

describe('refused topics', () => {
  it('close a connection of MQTT 3.1.1 and are recorded', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump');
    client.send(publishPacket('devices/gw/report', 1, 1, '{"secret":1}'));
    await client.closed();
    expect(client.received.map(({ cmd }) => cmd)).toEqual(['connack']);
    expect(hub.messages).toEqual([]);
    expect(hub.directory.device('pump')?.refused).toBe(1);
    expect(hub.protocol.counters().refused).toBe(1);
    expect(hub.refused).toMatchObject([
      { principal: { kind: 'device', id: 'pump' }, device: 'pump', protocol: 'mqtt', address: '127.0.0.1', topic: 'devices/gw/report', action: 'sample:write' },
    ]);
    expect(Buffer.from(hub.refused[0]?.payloadHead ?? []).toString()).toBe('{"secret":1}');
  });

  it('are answered in MQTT 5, until there are too many', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    client.send(publishPacket('devices/gw/report', 1, 1), publishPacket('devices/gw/report', 2, 2), publishPacket('devices/pump/report', 1, 3));
    expect((await client.packet('puback')).reasonCode).toBe(0x87);
    expect((await client.packet('pubrec')).reasonCode).toBe(0x87);
    expect((await client.packet('puback', 1)).reasonCode ?? 0).toBe(0);
    for (let count = 0; count < 100; count++) client.send(publishPacket('$SYS/x', 0, 0));
    expect((await client.packet('disconnect')).reasonCode).toBe(0x97);
    expect(hub.refused).toHaveLength(101);
  });

  it('hold for a retained publish as well', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    client.send(publishPacket('devices/gw/set', 1, 1, 'x', { retain: true }));
    expect((await client.packet('puback')).reasonCode).toBe(0x87);
    expect(hub.protocol.counters().retained).toBe(0);
  });

  it.each([
    ['devices/other/set', 0x80, 0x87],
    ['#', 0x80, 0x87],
    ['$SYS/#', 0x80, 0x87],
    ['$share/group/devices/gw/set', 0x80, 0x87],
    ['$share/group/devices/pump/set', 1, 1],
    ['devices/pump/set', 1, 1],
  ])('a subscription to %s is answered with %i and %i', async (filter, old, modern) => {
    const hub = await startMqttHub();
    expect(await subscribe(await signedIn(hub.port, 'pump'), filter)).toBe(old);
    expect(await subscribe(await signedIn(hub.port, 'pump', { protocolVersion: 5 }), filter)).toBe(modern);
  });

  it('a filter that the settings refuse is refused to everybody', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.open': true, 'mqtt.refuse-subscriptions': ['test/nosubscribe'] } });
    const client = await signedIn(hub.port, 'anybody');
    expect(await subscribe(client, 'test/nosubscribe')).toBe(0x80);
    expect(await subscribe(client, 'test/#')).toBe(1);
  });

  it('a client has so many filters and no more', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.open': true, 'mqtt.subscriptions-max': 2 } });
    const client = await signedIn(hub.port, 'anybody');
    expect([await subscribe(client, 'a'), await subscribe(client, 'b'), await subscribe(client, 'c'), await subscribe(client, 'a')]).toEqual([1, 1, 0x80, 1]);
  });

  it('a payload larger than the limit is not taken', async () => {
    const hub = await startMqttHub({ settings: { 'limits.payload-bytes-max': 100 } });
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    client.send(publishPacket('devices/pump/report', 1, 1, 'x'.repeat(101)), publishPacket('devices/pump/report', 1, 2, 'x'.repeat(100)));
    expect((await client.packet('puback')).reasonCode).toBe(0x97);
    expect((await client.packet('puback', 1)).reasonCode ?? 0).toBe(0);
    expect(hub.messages).toHaveLength(1);
  });
});

describe('tenants', () => {
  it('hear nothing of each other through wildcards, live, retained or queued', async () => {
    const hub = await startMqttHub();
    const lasting = { ...TOKEN, clean: false };
    const application = await signedIn(hub.port, 'x', lasting);
    expect(await subscribe(application, 'devices/#')).toBe(1);
    expect(await subscribe(application, 'devices/+/report')).toBe(1);
    const stranger = await signedIn(hub.port, 'other');
    const pump = await signedIn(hub.port, 'pump');
    stranger.send(publishPacket('devices/other/report', 1, 1, 'theirs', { retain: true }));
    await stranger.packet('puback');
    pump.send(publishPacket('devices/pump/report', 1, 1, 'ours'));
    expect(String((await application.packet('publish')).payload)).toBe('ours');
    application.socket.destroy();
    await application.closed();
    stranger.send(publishPacket('devices/other/report', 1, 2, 'theirs again'));
    await stranger.packet('puback', 1);
    pump.send(publishPacket('devices/pump/report', 1, 2, 'ours again'));
    await pump.packet('puback', 1);
    const back = await signedIn(hub.port, 'x', lasting);
    await subscribe(back, 'devices/#');
    pump.send(publishPacket('devices/pump/report', 1, 3, 'the end'));
    await waitUntil(() => back.received.some((packet) => packet.cmd === 'publish' && String(packet.payload) === 'the end'), 'the last message arrives');
    const heard = new Set([...application.received, ...back.received].flatMap((packet) => (packet.cmd === 'publish' ? [String(packet.payload)] : [])));
    expect([...heard].filter((payload) => payload.startsWith('theirs'))).toEqual([]);
    expect(heard).toContain('ours again');
  });

  it('a subscription ends with the device it was for', async () => {
    const hub = await startMqttHub();
    const application = await signedIn(hub.port, 'x', TOKEN);
    await subscribe(application, 'devices/+/report');
    const gateway = await signedIn(hub.port, 'gw');
    const child = hub.directory.device('sensor')?.device;
    if (!child) throw new Error('no sensor');
    gateway.send(publishPacket('devices/sensor/report', 1, 1, 'before'));
    await application.packet('publish');
    // Another project has it now: what is still published on its topic is not ours any more.
    hub.directory.putDevice({ ...child, project: 'b' as never });
    gateway.send(publishPacket('devices/gw/report', 1, 2, 'after'));
    await application.packet('publish', 1);
    hub.protocol.counters();
    expect(application.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(2);
  });
});

describe('the time', () => {
  it('is told to a device that asks', async () => {
    const hub = await startMqttHub({ ports: { clock: () => 1_763_785_200_000 } });
    const client = await signedIn(hub.port, 'pump');
    await subscribe(client, 'devices/pump/time');
    client.send(publishPacket('devices/pump/time', 1, 1, ''));
    await client.packet('puback');
    const answer = await client.packet('publish');
    expect(answer.topic).toBe('devices/pump/time');
    expect(JSON.parse(String(answer.payload))).toEqual({ time: 1_763_785_200_000 });
    // The question is not echoed.
    client.send({ cmd: 'pingreq' });
    await client.packet('pingresp');
    expect(client.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1);
  });
});

describe('wills', () => {
  const will = (topic: string) => ({ topic, payload: Buffer.from('{"gone":1}'), qos: 1 as const, retain: false });

  it('are published when the device is lost, and not when it says good-bye', async () => {
    const hub = await startMqttHub();
    const application = await signedIn(hub.port, 'x', TOKEN);
    await subscribe(application, 'devices/#');
    const polite = await signedIn(hub.port, 'gw', { will: will('devices/gw/death') });
    polite.send({ cmd: 'disconnect' });
    await polite.closed();
    const lost = await signedIn(hub.port, 'pump', { will: will('devices/pump/death') });
    lost.socket.destroy();
    expect((await application.packet('publish')).topic).toBe('devices/pump/death');
    expect(application.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1);
  });

  it('that are reports are stored', async () => {
    const hub = await startMqttHub();
    const lost = await signedIn(hub.port, 'gw', { will: will('devices/sensor/report') });
    lost.socket.destroy();
    await expect.poll(() => hub.messages.map(({ topic }) => topic)).toEqual(['devices/sensor/report']);
  });

  it('are not published when the right has gone since', async () => {
    const hub = await startMqttHub();
    const application = await signedIn(hub.port, 'x', TOKEN);
    await subscribe(application, 'devices/#');
    const lost = await signedIn(hub.port, 'pump', { will: will('devices/pump/death') });
    const device = hub.directory.device('pump')?.device;
    if (!device) throw new Error('no pump');
    hub.directory.putDevice({ ...device, state: 'disabled' });
    hub.changeCredentials('pump');
    await lost.closed();
    await expect.poll(() => hub.refused.length).toBe(1);
    application.send({ cmd: 'pingreq' });
    await application.packet('pingresp');
    expect(application.received.map(({ cmd }) => cmd)).not.toContain('publish');
  });
});
