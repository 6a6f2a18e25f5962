import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { connect, publish } from '../../../../helpers/mqtt-packets.ts';
import { isForeign } from '../../../../helpers/wire-client.ts';
import { BOTH } from './versions.ts';

const it = conformance({
  'mqtt.refuse-subscriptions': 'test/refused',
  'mqtt.keep-alive-max-seconds': 60,
  'mqtt.receive-maximum': 3,
  'mqtt.topic-alias-max': 0,
  'mqtt.session-expiry-max-seconds': 100,
  'mqtt.packet-bytes-max': 2_000,
  'mqtt.client-id-bytes-max': 60,
  'mqtt.topic-levels-max': 5,
  'mqtt.subscriptions-max': 3,
});

describe.skipIf(isForeign).concurrent('A hub that is told its limits', () => {
  it('tells them to clients of MQTT 5 [section 3.2.2.3]', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id(), keepAlive: 120, properties: [['sessionExpiryInterval', 200]] });
    expect(client.connack.properties).toMatchObject({ serverKeepAlive: 60, receiveMaximum: 3, sessionExpiryInterval: 100, maximumPacketSize: 2_000 });
    expect(client.connack.properties.topicAliasMaximum ?? 0).toBe(0);
  });

  it('does not speak of a keep-alive and an expiry that it grants as they are [section 3.2.2.3.14]', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id(), keepAlive: 60, properties: [['sessionExpiryInterval', 100]] });
    expect(client.connack.properties.serverKeepAlive ?? 60).toBe(60);
    expect(client.connack.properties.sessionExpiryInterval ?? 100).toBe(100);
  });

  it('tells its keep-alive to a client that wants none [section 3.2.2.3.14]', async ({ wire }) => {
    expect((await wire.connect(5, { clientId: wire.id(), keepAlive: 0 })).connack.properties.serverKeepAlive).toBe(60);
  });

  it('refuses a topic alias when it has none: 0x94', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id(), keepAlive: 60 });
    client.send(publish('a', { properties: [['topicAlias', 1]] }));
    await client.refused(0x94);
  });

  it('cuts a client of MQTT 5 that sends one message more than it may: 0x93', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id(), keepAlive: 60 });
    client.send(...[1, 2, 3, 4].map((id) => publish('a', { qos: 2, id })));
    await client.refused(0x93);
  });

  it('cuts a packet that is announced too large: 0x95', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id(), keepAlive: 60 });
    client.send(Buffer.from([0x30, 0xd1, 0x0f]));
    await client.refused(0x95);
  });

  it('takes a packet that is exactly as large as it may be', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id(), keepAlive: 60 });
    const bytes = publish('a', { qos: 1, id: 1, payload: 'x'.repeat(1_991) })(5);
    expect(bytes).toHaveLength(2_000);
    client.send(bytes);
    await client.take('puback');
  });

  it.for([
    [4, 2],
    [5, 0x85],
  ] as const)('refuses a client identifier that is too long, in version %i with %i', async ([version, code], { wire }) => {
    const client = await wire.open(version);
    client.send(connect({ clientId: 'x'.repeat(61), keepAlive: 60 }));
    expect((await client.take('connack')).code).toBe(code);
    await client.closed();
  });
});

describe.skipIf(isForeign).concurrent.each(BOTH)('A hub that is told its limits, in %s', (_name, version) => {
  it('refuses the subscriptions that it is told to refuse, and those only, in order [MQTT-3.9.3-1] [MQTT-3.9.3-2]', async ({ wire }) => {
    const client = await wire.connect(version, { clientId: wire.id(), keepAlive: 60 });
    const { codes } = await client.subscribe([
      ['test/granted', 1],
      ['test/refused', 1],
      ['test/+', 2],
    ]);
    expect([codes[0], codes[2]]).toEqual([1, 2]);
    if (version === 4) expect(codes[1]).toBe(0x80);
    else expect(codes[1]).toBeGreaterThanOrEqual(0x80);
  });

  it('refuses a filter that is one too many: 0x80, or 0x97 in MQTT 5', async ({ wire }) => {
    const client = await wire.connect(version, { clientId: wire.id(), keepAlive: 60 });
    expect((await client.subscribe(['a', 'b', 'c', 'd'])).codes).toEqual([0, 0, 0, version === 5 ? 0x97 : 0x80]);
    expect((await client.subscribe([['a', 2]])).codes).toEqual([2]);
    await client.unsubscribe('a');
    expect((await client.subscribe(['d'])).codes).toEqual([0]);
  });

  it('refuses a topic of too many levels, whatever comes of the connection', async ({ wire }) => {
    const client = await wire.connect(version, { clientId: wire.id(), keepAlive: 60 });
    client.send(publish('1/2/3/4/5/6', { qos: 1, id: 1 }));
    const answer = await client.take('puback').catch(() => null);
    if (answer) expect(answer.code).toBe(0x90);
    else await client.refused(0x90);
  });
});
