import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { auth, byte, connect } from '../../../../helpers/mqtt-packets.ts';
import { PROPERTY_NAMES, type Property, type PropertyName } from '../../../../helpers/mqtt-properties.ts';
import { anyProperty } from './any-property.ts';

const it = conformance();

const ONCE: readonly Property[] = [
  ['sessionExpiryInterval', 10],
  ['receiveMaximum', 10],
  ['maximumPacketSize', 10_000],
  ['topicAliasMaximum', 10],
  ['requestResponseInformation', 0],
  ['requestProblemInformation', 1],
];
const OF_CONNECT: readonly PropertyName[] = [...ONCE.map(([name]) => name), 'userProperty', 'authenticationMethod', 'authenticationData'];
const OF_WILL: readonly PropertyName[] = [
  'willDelayInterval',
  'payloadFormatIndicator',
  'messageExpiryInterval',
  'contentType',
  'responseTopic',
  'correlationData',
  'userProperty',
];
const WILL_ONCE: readonly Property[] = [
  ['willDelayInterval', 1],
  ['payloadFormatIndicator', 1],
  ['messageExpiryInterval', 1],
  ['contentType', 'a'],
  ['responseTopic', 'a'],
  ['correlationData', 'a'],
];

describe.concurrent('Properties of CONNECT', () => {
  it('are all accepted at once, user properties many times', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [...ONCE, ['userProperty', ['a', '1']], ['userProperty', ['a', '2']]] });
    await client.ping();
  });

  it.for(ONCE)('do not come twice: %s [MQTT-3.1.2-11 ff.]', async ([name, value], { wire }) => {
    const client = await wire.open(5);
    client.send(
      connect({
        clientId: wire.id(),
        properties: [
          [name, value],
          [name, value],
        ],
      }),
    );
    await client.refused(0x82, 0x81);
  });

  it.for([
    ['authenticationMethod', 'a'],
    ['authenticationData', 'a'],
  ] as const)('do not come twice: %s', async ([name, value], { wire }) => {
    const client = await wire.open(5);
    client.send(
      connect({
        clientId: wire.id(),
        properties: [
          ['authenticationMethod', 'm'],
          [name, value],
          [name, value],
        ],
      }),
    );
    await client.refused(0x82, 0x81);
  });

  it.for([
    ['receiveMaximum', 0],
    ['maximumPacketSize', 0],
    ['requestResponseInformation', 2],
    ['requestProblemInformation', 2],
    ['requestProblemInformation', 255],
  ] as readonly Property[])('have a range: %s %s is refused', async (one, { wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), properties: [one] }));
    await client.refused(0x82, 0x81);
  });

  it.for(PROPERTY_NAMES.filter((name) => !OF_CONNECT.includes(name)))('are its own: %s is refused', async (name, { wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), properties: [anyProperty(name)] }));
    await client.refused(0x82, 0x81);
  });

  it.for([
    ['an unknown identifier', byte(0x7f, 1)],
    ['identifier 0', byte(0x00, 0)],
    ['an identifier of two bytes', byte(0x91, 0x00, 0, 0, 0, 1)],
    ['a value that is cut off', byte(0x11, 0, 0)],
    ['text longer than the properties', byte(0x26, 0, 1, 0x61, 0, 9, 0x62)],
    ['text that is no UTF-8', byte(0x26, 0, 1, 0xff, 0, 1, 0x62)],
    ['text with U+0000', byte(0x26, 0, 1, 0x61, 0, 1, 0)],
  ] as const)('are refused with %s', async ([, bytes], { wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), properties: bytes }));
    await client.refused(0x81, 0x82);
  });

  it('are refused when their length goes beyond the packet', async ({ wire }) => {
    const client = await wire.open(5);
    client.send(byte(0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 0, 200, 0, 0));
    await client.refused(0x81, 0x82);
  });

  it('are refused when their length takes five bytes [MQTT-1.5.5-1]', async ({ wire }) => {
    const client = await wire.open(5);
    client.send(byte(0x10, 17, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 0));
    await client.refused(0x81, 0x82);
  });
});

describe.concurrent('Properties of a will', () => {
  it('are all accepted at once', async ({ wire }) => {
    await wire.connect(5, {
      will: { topic: wire.topic(), payload: 'x', properties: [...WILL_ONCE, ['userProperty', ['a', 'b']], ['userProperty', ['a', 'b']]] },
    });
  });

  it.for(WILL_ONCE)('do not come twice: %s [section 3.1.3.2]', async ([name, value], { wire }) => {
    const client = await wire.open(5);
    client.send(
      connect({
        clientId: wire.id(),
        will: {
          topic: wire.topic(),
          properties: [
            [name, value],
            [name, value],
          ],
        },
      }),
    );
    await client.refused(0x82, 0x81);
  });

  it.for(PROPERTY_NAMES.filter((name) => !OF_WILL.includes(name)))('are its own: %s is refused', async (name, { wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), will: { topic: wire.topic(), properties: [anyProperty(name)] } }));
    await client.refused(0x82, 0x81);
  });

  it('have a range: payload format 2 is refused', async ({ wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), will: { topic: wire.topic(), properties: [['payloadFormatIndicator', 2]] } }));
    await client.refused(0x82, 0x81);
  });

  it('have a response topic without wildcards [MQTT-3.3.2-14]', async ({ wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), will: { topic: wire.topic(), properties: [['responseTopic', 'a/#']] } }));
    await client.refused(0x82, 0x81, 0x90);
  });
});

describe.concurrent('CONNACK of MQTT 5', () => {
  it('assigns a client identifier of its own to each client without one, and to no other [MQTT-3.2.2-16]', async ({ wire }) => {
    const one = await wire.connect(5, { clientId: '' });
    const other = await wire.connect(5, { clientId: '' });
    const [first, second] = [one, other].map(({ connack }) => connack.properties.assignedClientIdentifier);
    expect(first).toMatch(/.+/);
    expect(second).not.toBe(first);
    expect((await wire.connect(5)).connack.properties).not.toHaveProperty('assignedClientIdentifier');
  });

  it('assigns a client identifier under which the session can be found again', async ({ wire }) => {
    const first = await wire.connect(5, { clientId: '', clean: false, properties: [['sessionExpiryInterval', 60]] });
    const clientId = String(first.connack.properties.assignedClientIdentifier);
    await first.end();
    expect((await wire.connect(5, { clientId, clean: false })).connack.sessionPresent).toBe(true);
  });

  it('says nothing of a quality of service, retained messages or subscriptions that it does not have', async ({ wire }) => {
    const { properties } = (await wire.connect(5)).connack;
    expect(properties).not.toHaveProperty('maximumQos');
    for (const name of ['retainAvailable', 'wildcardSubscriptionAvailable', 'subscriptionIdentifierAvailable', 'sharedSubscriptionAvailable'] as const)
      expect(properties[name] ?? 1).toBe(1);
    expect(properties.receiveMaximum ?? 65_535).toBeGreaterThan(0);
    expect(properties.maximumPacketSize ?? 1).toBeGreaterThan(0);
  });

  it('has response information only for who asked [MQTT-3.1.2-28]', async ({ wire }) => {
    expect((await wire.connect(5)).connack.properties).not.toHaveProperty('responseInformation');
  });

  it('refuses an unknown authentication method with 0x8C and closes [MQTT-4.12.0-1]', async ({ wire }) => {
    const client = await wire.open(5);
    client.send(
      connect({
        clientId: wire.id(),
        properties: [
          ['authenticationMethod', 'NO-SUCH-METHOD'],
          ['authenticationData', 'abc'],
        ],
      }),
    );
    await client.refused(0x8c);
  });

  it('refuses authentication data without a method [section 3.1.2.11.10]', async ({ wire }) => {
    const client = await wire.open(5);
    client.send(connect({ clientId: wire.id(), properties: [['authenticationData', 'abc']] }));
    await client.refused(0x82, 0x81);
  });

  it('accepts a password without a user name [section 3.1.2.9]', async ({ wire }) => {
    await wire.connect(5, { password: 'p' });
  });

  it('accepts an empty client identifier with clean start 0 [MQTT-3.1.3-6]', async ({ wire }) => {
    expect((await wire.connect(5, { clientId: '', clean: false })).connack.sessionPresent).toBe(false);
  });
});

describe.concurrent('AUTH', () => {
  it.for([0x00, 0x18, 0x19])('with 0x%s ends a connection without an authentication method [MQTT-4.12.0-7] [MQTT-4.12.1-1]', async (code, { wire }) => {
    const client = await wire.connect(5);
    client.send(auth(code, [['authenticationMethod', 'SCRAM-SHA-1']]));
    await client.refused(0x82, 0x8c);
  });

  it.for([
    ['no method', auth(0x19)],
    ['an unknown reason code', auth(0x42, [['authenticationMethod', 'a']])],
    ['flags in its first byte [MQTT-3.15.1-1]', byte(0xf1, 0)],
    ['nothing at all', byte(0xf0, 0)],
  ] as const)('with %s ends the connection', async ([, bytes], { wire }) => {
    const client = await wire.connect(5);
    client.send(bytes);
    await client.refused(0x82, 0x81, 0x8c);
  });

  it('does not exist in MQTT 3.1.1 [MQTT-2.2.1]', async ({ wire }) => {
    const client = await wire.connect(4);
    client.send(auth(0x18));
    await client.refused();
  });
});
