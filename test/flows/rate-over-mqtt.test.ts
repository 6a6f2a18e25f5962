import { describe, expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { publishPacket, signedIn } from '../helpers/raw-mqtt.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const TOPIC = 'devices/a/report';

async function hubWithLimit(limits: object) {
  const hub = await hubHere({ ephemeral: true, 'mqtt.port': 0, 'limits.rate-burst-seconds': 1, ...limits });
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/devices', { id: 'a' });
  const { secret } = (await api('POST', '/devices/a/credentials', { kind: 'password' })).body;
  const connect = (protocolVersion: 4 | 5, more = {}) =>
    signedIn(Number(new URL(hub.mqttUrl ?? '').port), 'a', { protocolVersion, password: Buffer.from(secret), ...more });
  const rate = async () => (await api('GET', '/devices/a')).body.rate;
  return { hub, api, connect, rate };
}

describe('a device that sends faster than it may', () => {
  it('is held back over MQTT 3.1.1, and nothing of it is refused', { timeout: 60_000 }, async () => {
    const { hub, api, connect, rate } = await hubWithLimit({ 'limits.messages-per-second-per-device': 10 });
    const client = await connect(4, { keepalive: 1 });
    const began = performance.now();
    client.send(...Array.from({ length: 35 }, (_, index) => publishPacket(TOPIC, 1, index + 1, `{"x":${index}}`)), { cmd: 'pingreq' });
    await waitUntil(() => client.received.filter(({ cmd }) => cmd === 'puback').length === 35, 'all are acknowledged', 20_000);
    expect(performance.now() - began).toBeGreaterThan(2_000);
    await client.packet('pingresp');
    expect(client.received.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 35 }, (_, index) => index + 1),
    );
    expect(await rate()).toMatchObject({ limited: 0, heldBack: expect.any(Number) });
    expect((await rate()).heldBack).toBeGreaterThanOrEqual(20);
    expect((await api('GET', '/samples/count')).body.count).toBe(35);
    const metrics = await (await fetch(`${hub.url}/metrics`, { headers: { authorization: `Bearer ${hub.token}` } })).text();
    expect(metrics).toMatch(/^muster_ingest_held_back_total [1-9]/m);
    expect(client.isClosed()).toBe(false);
  });

  it('is told so over MQTT 5, and with QoS 0 its messages are dropped with a count', { timeout: 60_000 }, async () => {
    const { connect, rate } = await hubWithLimit({ 'limits.messages-per-second-per-device': 3 });
    const client = await connect(5);
    client.send(...Array.from({ length: 8 }, (_, index) => publishPacket(TOPIC, 1, index + 1)));
    const answer = await client.packet('puback', 7);
    expect(answer).toMatchObject({ reasonCode: 0x97, properties: { reasonString: expect.stringContaining('limits.messages-per-second-per-device') } });
    const { limited } = await rate();
    expect(limited).toBeGreaterThanOrEqual(4);
    const older = await connect(4, { clientId: 'older' });
    older.send(...Array.from({ length: 8 }, () => publishPacket(TOPIC, 0, 0)));
    await waitUntil(async () => (await rate()).limited > limited, 'what was dropped is counted');
    expect([client.isClosed(), older.isClosed()]).toEqual([false, false]);
  });

  it('is cut over MQTT 3.1.1 when it would have to wait for longer than anybody is held back', { timeout: 60_000 }, async () => {
    const { connect, rate } = await hubWithLimit({ 'limits.points-per-second-per-device': 1, 'ingest.push-back-max-ms': 5_000 });
    const client = await connect(4);
    client.send(publishPacket(TOPIC, 1, 1, JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, 1])))));
    await client.packet('puback');
    client.send(publishPacket(TOPIC, 1, 2));
    await client.closed();
    expect(await rate()).toMatchObject({ limited: 1, heldBack: 0 });
  });
});
