import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import {
  byte,
  disconnect,
  packet,
  pingreq,
  property,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  text,
  uint16,
  unsubscribe,
} from '../../../../helpers/mqtt-packets.ts';
import { PROPERTY_NAMES, type PropertyName } from '../../../../helpers/mqtt-properties.ts';
import type { Sendable } from '../../../../helpers/wire-client.ts';
import { anyProperty } from './any-property.ts';
import { BOTH } from './versions.ts';

const it = conformance();

const PACKETS: readonly (readonly [what: string, bytes: Sendable])[] = [
  ['a reserved type, 0 [MQTT-2.2.1]', byte(0x00, 0)],
  ['CONNACK', byte(0x20, 2, 0, 0)],
  ['SUBACK', byte(0x90, 3, 0, 1, 0)],
  ['UNSUBACK', byte(0xb0, 2, 0, 1)],
  ['PINGRESP', byte(0xd0, 0)],
  ['a length of five bytes in PUBLISH [MQTT-1.5.5]', byte(0x30, 0x80, 0x80, 0x80, 0x80, 0x01)],
  ['a length of five bytes in PINGREQ', byte(0xc0, 0x80, 0x80, 0x80, 0x80, 0x00)],
  ['a length of endless bytes', byte(0x32, ...new Array(30).fill(0xff))],

  ['PUBLISH with QoS 3 [MQTT-3.3.1-4]', publish('a', { qos: 3, id: 1 })],
  ['PUBLISH with QoS 0 and DUP [MQTT-3.3.1-2]', publish('a', { dup: true })],
  ['PUBLISH to an empty topic [MQTT-4.7.3-1]', publish('')],
  ['PUBLISH to # [MQTT-3.3.2-2]', publish('#')],
  ['PUBLISH to a/+/b [MQTT-3.3.2-2]', publish('a/+/b')],
  ['PUBLISH to a+b [MQTT-4.7.1-1]', publish('a+b')],
  ['PUBLISH to a/b# [MQTT-4.7.1-1]', publish('a/b#')],
  ['PUBLISH with U+0000 in its topic [MQTT-1.5.3-2]', publish('a\0b')],
  ['PUBLISH with no UTF-8 in its topic [MQTT-3.3.2-1]', publish(byte(0x61, 0xfe, 0xff))],
  ['PUBLISH with a surrogate in its topic [MQTT-1.5.3-1]', publish(byte(0xed, 0xbf, 0xbf))],
  ['PUBLISH with an overlong slash in its topic [MQTT-1.5.3-1]', publish(byte(0x61, 0xc0, 0xaf))],
  ['PUBLISH with QoS 1 and packet identifier 0 [MQTT-2.3.1-1]', publish('a', { qos: 1, id: 0 })],
  ['PUBLISH with QoS 2 and packet identifier 0 [MQTT-2.3.1-1]', publish('a', { qos: 2, id: 0 })],
  ['PUBLISH with QoS 1 and no packet identifier', packet(0x32, text('a'))],
  ['PUBLISH with half a packet identifier', packet(0x32, text('a'), byte(0))],
  ['PUBLISH with nothing in it', packet(0x30)],
  ['PUBLISH with half a length of a topic', packet(0x30, byte(0))],
  ['PUBLISH with a topic longer than the packet', packet(0x30, uint16(500), byte(0x61))],

  ['PUBACK with nothing in it', packet(0x40)],
  ['PUBACK with half a packet identifier', packet(0x40, byte(0))],
  ['PUBREC with nothing in it', packet(0x50)],
  ['PUBREL with nothing in it', packet(0x62)],
  ['PUBREL with half a packet identifier', packet(0x62, byte(1))],
  ['PUBCOMP with nothing in it', packet(0x70)],
  ['PUBACK with flags [MQTT-2.2.2-2]', packet(0x42, uint16(1))],
  ['PUBREC with flags [MQTT-2.2.2-2]', packet(0x52, uint16(1))],
  ['PUBREL without its flags [MQTT-3.6.1-1]', packet(0x60, uint16(1))],
  ['PUBREL with other flags [MQTT-3.6.1-1]', packet(0x64, uint16(1))],
  ['PUBCOMP with flags [MQTT-2.2.2-2]', packet(0x71, uint16(1))],

  ['SUBSCRIBE without its flags [MQTT-3.8.1-1]', (version) => patched(subscribe(1, ['a'])(version), 0x80)],
  ['SUBSCRIBE with other flags [MQTT-3.8.1-1]', (version) => patched(subscribe(1, ['a'])(version), 0x8a)],
  ['SUBSCRIBE with packet identifier 0 [MQTT-2.3.1-1]', subscribe(0, ['a'])],
  ['SUBSCRIBE without a filter [MQTT-3.8.3-3]', subscribe(1, [])],
  ['SUBSCRIBE with QoS 3 [MQTT-3-8.3-4]', subscribe(1, [['a', 3]])],
  ['SUBSCRIBE with reserved bits of the options [MQTT-3-8.3-4]', subscribe(1, [['a', 0xc0]])],
  ['SUBSCRIBE with a second filter that has reserved bits', subscribe(1, ['a', ['b', 0x80]])],
  ['SUBSCRIBE with a filter and no options', (version) => packet(0x82, uint16(1), version === 5 ? byte(0) : byte(), text('a'))],
  ['SUBSCRIBE with a filter that is cut off', (version) => packet(0x82, uint16(1), version === 5 ? byte(0) : byte(), uint16(9), byte(0x61))],
  ['SUBSCRIBE with nothing in it', packet(0x82)],
  ['SUBSCRIBE with U+0000 in its filter [MQTT-3.8.3-1]', subscribe(1, ['a\0'])],
  ['SUBSCRIBE with no UTF-8 in its filter [MQTT-3.8.3-1]', subscribe(1, [byte(0xff)])],
  ['UNSUBSCRIBE without its flags [MQTT-3.10.1-1]', (version) => patched(unsubscribe(1, ['a'])(version), 0xa0)],
  ['UNSUBSCRIBE with packet identifier 0 [MQTT-2.3.1-1]', unsubscribe(0, ['a'])],
  ['UNSUBSCRIBE without a filter [MQTT-3.10.3-2]', unsubscribe(1, [])],
  ['UNSUBSCRIBE with no UTF-8 in its filter [MQTT-3.10.3-1]', unsubscribe(1, [byte(0xff)])],
  ['UNSUBSCRIBE with nothing in it', packet(0xa2)],

  ['PINGREQ with flags [MQTT-2.2.2-2]', packet(0xc1)],
  ['PINGREQ with something in it', packet(0xc0, byte(0))],
  ['DISCONNECT with flags [MQTT-3.14.1-1]', packet(0xe1)],
];

describe.concurrent.each(BOTH)('A malformed packet in %s ends the connection:', (_name, version) => {
  it.for(PACKETS)('%s', async ([, bytes], { wire }) => {
    const client = await wire.connect(version);
    client.send(bytes);
    await client.refused(0x81, 0x82, 0x90, 0x8f, 0x95);
    expect(client.left('suback')).toEqual([]);
  });

  // Either the connection ends or the subscription is refused; nobody is subscribed.
  it.for(['', 'a+', '+a', 'a/+b', 'a#', '#a', '#/a', 'a/#/b', 'a/##', '++'])(
    'or at least the subscription is refused: filter "%s" [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1]',
    async (filter, { wire }) => {
      const client = await wire.connect(version);
      client.send(subscribe(1, [[filter, 1]]));
      const answer = await client.take('suback').catch(() => null);
      if (answer) expect(answer.codes).toEqual([version === 5 ? 0x8f : 0x80]);
      else await client.refused(0x81, 0x82, 0x8f);
    },
  );

  it('and takes nobody else along', async ({ wire }) => {
    const neighbour = await wire.connect(version);
    for (const [, bytes] of PACKETS.slice(0, 12)) {
      const client = await wire.connect(version);
      client.send(bytes);
      await client.closed();
    }
    await neighbour.ping();
  });
});

describe.concurrent('A malformed packet in MQTT 3.1.1 ends the connection:', () => {
  it.for([
    ['a reserved type, 15 [MQTT-2.2.1]', byte(0xf0, 0)],
    ['PUBACK with bytes after its packet identifier', packet(0x40, uint16(1), byte(0))],
    ['PUBREL with bytes after its packet identifier', packet(0x62, uint16(1), byte(0, 0))],
    ['DISCONNECT with something in it', packet(0xe0, byte(0))],
  ] as const)('%s', async ([, bytes], { wire }) => {
    const client = await wire.connect(4);
    client.send(bytes);
    await client.refused();
  });
});

const OWN: Record<string, readonly [bytes: (list: Uint8Array) => Sendable, names: readonly PropertyName[]]> = {
  PUBLISH: [
    (list) => publish('a', { properties: list }),
    ['payloadFormatIndicator', 'messageExpiryInterval', 'topicAlias', 'responseTopic', 'correlationData', 'userProperty', 'contentType'],
  ],
  PUBACK: [(list) => puback(1, 0, list), ['reasonString', 'userProperty']],
  PUBREC: [(list) => pubrec(1, 0, list), ['reasonString', 'userProperty']],
  PUBREL: [(list) => pubrel(1, 0, list), ['reasonString', 'userProperty']],
  PUBCOMP: [(list) => pubcomp(1, 0, list), ['reasonString', 'userProperty']],
  SUBSCRIBE: [(list) => subscribe(1, ['a'], list), ['subscriptionIdentifier', 'userProperty']],
  UNSUBSCRIBE: [(list) => unsubscribe(1, ['a'], list), ['userProperty']],
  DISCONNECT: [(list) => disconnect(0, list), ['sessionExpiryInterval', 'reasonString', 'userProperty', 'serverReference']],
};

describe.concurrent('Properties in MQTT 5', () => {
  it.for(Object.keys(OWN))('of others are refused in %s [table 2-4]', async (type, { wire }) => {
    const [bytes, own] = OWN[type] ?? [() => pingreq(), []];
    await Promise.all(
      PROPERTY_NAMES.filter((name) => !own.includes(name)).map(async (name) => {
        const client = await wire.connect(5);
        client.send(bytes(propertyBytes(name)));
        await client.refused(0x81, 0x82).catch((error: Error) => Promise.reject(new Error(`${name}: ${error.message}`)));
      }),
    );
  });

  it.for(Object.keys(OWN))('come once in %s, but for user properties', async (type, { wire }) => {
    const [bytes, own] = OWN[type] ?? [() => pingreq(), []];
    await Promise.all(
      own.map(async (name) => {
        const client = await wire.connect(5);
        const list = Buffer.concat([propertyBytes(name), propertyBytes(name)]);
        client.send(bytes(list));
        if (name !== 'userProperty') await client.refused(0x81, 0x82).catch((error: Error) => Promise.reject(new Error(`${name}: ${error.message}`)));
        else if (type !== 'DISCONNECT') await client.ping();
      }),
    );
  });

  it.for(Object.keys(OWN))('are refused in %s when they are unknown, cut off or longer than the packet', async (type, { wire }) => {
    const [bytes] = OWN[type] ?? [() => pingreq()];
    const wrong = [byte(0x7e, 0), byte(0x26, 0), byte(0x26, 0, 1, 0x61, 0, 2, 0x61), byte(0x26, 0, 1, 0xff, 0, 1, 0x61), byte(0x80, 0x80, 0x80, 0x80, 0x26)];
    await Promise.all(
      wrong.map(async (list) => {
        const client = await wire.connect(5);
        client.send(bytes(list));
        await client.refused(0x81, 0x82).catch((error: Error) => Promise.reject(new Error(`${list.toString('hex')}: ${error.message}`)));
      }),
    );
  });

  it.for([
    ['payload format 2 [section 3.3.2.3.2]', publish('a', { properties: [['payloadFormatIndicator', 2]] })],
    ['topic alias 0 [MQTT-3.3.2-8]', publish('a', { properties: [['topicAlias', 0]] })],
    ['a response topic with a wildcard [MQTT-3.3.2-14]', publish('a', { properties: [['responseTopic', 'a/+']] })],
    ['a response topic with U+0000 [MQTT-3.3.2-13]', publish('a', { properties: [['responseTopic', 'a\0']] })],
    ['a subscription identifier of a client [MQTT-3.3.4-6]', publish('a', { properties: [['subscriptionIdentifier', 1]] })],
    ['subscription identifier 0 [section 3.8.2.1.2]', subscribe(1, ['a'], [['subscriptionIdentifier', 0]])],
    ['a subscription identifier of five bytes', subscribe(1, ['a'], byte(0x0b, 0x80, 0x80, 0x80, 0x80, 0x01))],
    ['retain handling 3 [section 3.8.3.1]', subscribe(1, [['a', 0x30]])],
    ['no local for a shared subscription [MQTT-3.8.3-4]', subscribe(1, [['$share/g/a', 4]])],
  ] as readonly (readonly [string, Sendable])[])('have a range: %s is refused', async ([, bytes], { wire }) => {
    const client = await wire.connect(5);
    client.send(bytes);
    await client.refused(0x81, 0x82, 0x94, 0x90);
  });

  it('with the largest subscription identifier are accepted', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 0], [['subscriptionIdentifier', 268_435_455]]);
    await client.publish(wire.topic(), 'x');
    expect((await client.receive()).properties.subscriptionIdentifier).toEqual([268_435_455]);
  });

  it('may be left out of PUBACK, PUBREC, PUBREL and PUBCOMP, with or without a reason code [section 3.4.2.2.1]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 1]);
    for (const answer of [
      (id: number) => puback(id),
      (id: number) => puback(id, 0),
      (id: number) => puback(id, 0, []),
      (id: number) => puback(id, 0x10, [['reasonString', 'r']]),
    ]) {
      await client.publish(wire.topic(), 'x', { qos: 1 });
      client.send(answer((await client.take('publish')).id));
    }
    for (const more of [[], [0], [0, []], [0, [['userProperty', ['a', 'b']]]]] as unknown as [number?, []?][]) {
      const id = client.nextId();
      client.send(publish(wire.topic('unheard'), { qos: 2, id }));
      await client.take('pubrec');
      client.send(pubrel(id, ...more));
      expect((await client.take('pubcomp')).id).toBe(id);
    }
  });

  it.for([
    ['PUBACK', puback(1, 0x42)],
    ['PUBREC', pubrec(1, 0x02)],
    ['PUBREL', pubrel(1, 0x10)],
    ['PUBCOMP', pubcomp(1, 0x10)],
    ['DISCONNECT', disconnect(0x03)],
  ] as const)('and reason codes: one that %s does not have is refused [section 2.4]', async ([type, bytes], { wire }) => {
    const client = await wire.connect(5);
    client.send(bytes);
    if (type === 'DISCONNECT') await client.closed();
    else await client.refused(0x81, 0x82);
  });
});

function propertyBytes(name: PropertyName): Buffer {
  return property(anyProperty(name));
}

function patched(bytes: Buffer, first: number): Buffer {
  return Buffer.concat([byte(first), bytes.subarray(1)]);
}
