import fc from 'fast-check';
import mqtt, { type Packet, type UserProperties } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { PacketDecoder } from '../../../../../src/lib/protocols/mqtt/codec/decoder.ts';
import {
  encodeAck,
  encodeAuth,
  encodeConnack,
  encodeDisconnect,
  encodeSuback,
  encodeUnsuback,
  PINGRESP,
} from '../../../../../src/lib/protocols/mqtt/codec/encode.ts';
import { copyPublish, encodePublish } from '../../../../../src/lib/protocols/mqtt/codec/encode-publish.ts';
import type { ClientPacket, ProtocolVersion, PublishPacket, UserProperty } from '../../../../../src/lib/protocols/mqtt/codec/packet.ts';
import { connect, drain, join, LIMITS } from './bytes.ts';

// mqtt-packet knows nothing of this decoder and encoder: what one of them writes, the other has to read as the same.

const LARGE = { ...LIMITS, packetBytesMax: 300_000, connectBytesMax: 300_000 };

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const someText = text.filter((value) => value.length > 0);
const level = text.map((value) => value.replaceAll(/[+#/]/g, ''));
const topic = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join('/'))
  .filter((value) => value.length > 0);
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.oneof(level, fc.constantFrom('+', '#')))
  .map(([levels, last]) => [...levels, last].join('/'))
  .filter((value) => value.length > 0 && !value.startsWith('$share'));
const binary = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const payload = fc.oneof(
  binary,
  fc.constant(Buffer.alloc(0)),
  fc.integer({ min: 0, max: 200_000 }).map((size) => Buffer.alloc(size, 'x')),
);
const packetId = fc.integer({ min: 1, max: 65_535 });
const uint16 = fc.nat(65_535);
const uint32 = fc.nat(0xffffffff);
const qos = fc.constantFrom(0, 1, 2) as fc.Arbitrary<0 | 1 | 2>;
const version = fc.constantFrom(3, 4, 5) as fc.Arbitrary<ProtocolVersion>;
// With a letter in front, so that no name sorts as a number or means something to objects. mqtt-packet writes an object
// without pairs with a wrong length, and loses an empty value that another follows.
const userProperties = fc.dictionary(
  text.map((name) => `k${name}`),
  fc.oneof(someText, fc.array(someText, { minLength: 2, maxLength: 3 })),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true },
) as fc.Arbitrary<UserProperties>;

/** A record of which each part may be missing. */
const some = <Parts extends Record<string, unknown>>(parts: { [Name in keyof Parts]: fc.Arbitrary<Parts[Name]> }) =>
  fc.record(parts, { requiredKeys: [] }) as fc.Arbitrary<Partial<Parts>>;

const reasons = some({ reasonString: text, userProperties });
const messageProperties = some({
  payloadFormatIndicator: fc.boolean(),
  messageExpiryInterval: uint32,
  contentType: text,
  responseTopic: topic,
  correlationData: binary,
  userProperties,
});

function pairs(properties: UserProperties | undefined): { readonly userProperties?: readonly UserProperty[] } {
  if (properties === undefined) return {};
  const entries = Object.entries(properties).flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const));
  return entries.length === 0 ? {} : { userProperties: entries };
}

/** What the properties of a packet of mqtt-packet are here. */
function ours<Properties extends { readonly userProperties?: UserProperties }>({ userProperties: users, ...rest }: Properties) {
  return { ...rest, ...pairs(users) };
}

/** As mqtt-packet gives them: pairs by name, and nothing for none. */
function theirs(properties: { readonly userProperties?: readonly UserProperty[] }): object {
  const { userProperties: users = [], ...rest } = properties;
  const byName: Record<string, string | string[]> = {};
  for (const [name, value] of users) {
    const before = byName[name];
    byName[name] = before === undefined ? value : [...[before].flat(), value];
  }
  return { ...rest, ...(users.length === 0 ? {} : { userProperties: byName }) };
}

function read(spoken: ProtocolVersion, packet: Packet): ClientPacket {
  const decoder = new PacketDecoder(LARGE);
  const bytes = mqtt.generate(packet, { protocolVersion: spoken });
  decoder.push(packet.cmd === 'connect' ? bytes : join(connect(spoken), bytes));
  const packets = drain(decoder);
  expect(decoder.failure).toBeNull();
  expect(packets).toHaveLength(packet.cmd === 'connect' ? 1 : 2);
  return packets.at(-1) as ClientPacket;
}

function parse(spoken: ProtocolVersion, bytes: Buffer): Packet {
  const parser = mqtt.parser({ protocolVersion: spoken });
  const packets: Packet[] = [];
  parser.on('packet', (packet) => packets.push(packet));
  parser.on('error', (error) => {
    throw error;
  });
  expect(parser.parse(bytes)).toBe(0);
  expect(packets).toHaveLength(1);
  return packets[0] as Packet;
}

describe('what mqtt-packet writes is read', () => {
  test('of CONNECT', () => {
    const will = fc.record({ topic, payload: binary, qos, retain: fc.boolean() });
    const willProperties = fc.tuple(messageProperties, some({ willDelayInterval: uint32 })).map(([message, own]) => ({ ...message, ...own }));
    const properties = some({
      sessionExpiryInterval: uint32,
      receiveMaximum: fc.integer({ min: 1, max: 65_535 }),
      maximumPacketSize: fc.integer({ min: 1, max: 0xffffffff }),
      topicAliasMaximum: uint16,
      requestResponseInformation: fc.boolean(),
      requestProblemInformation: fc.boolean(),
      userProperties,
      authenticationMethod: someText,
    });
    const credentials = some({ username: someText, password: binary }).map(({ username, password }) =>
      username === undefined ? {} : { username, ...(password === undefined ? {} : { password }) },
    );
    fc.assert(
      fc.property(
        version,
        fc.record({ clientId: someText, clean: fc.boolean(), keepalive: uint16 }),
        credentials,
        fc.option(fc.tuple(will, willProperties)),
        properties,
        (spoken, head, signIn, lastWords, connectProperties) => {
          const isNew = spoken === 5;
          const packet = read(spoken, {
            cmd: 'connect',
            protocolId: spoken === 3 ? 'MQIsdp' : 'MQTT',
            protocolVersion: spoken,
            ...head,
            ...signIn,
            ...(lastWords === null ? {} : { will: { ...lastWords[0], ...(isNew ? { properties: lastWords[1] } : {}) } }),
            ...(isNew ? { properties: connectProperties } : {}),
          });
          expect(packet).toEqual({
            type: 'connect',
            version: spoken,
            clean: head.clean,
            clientId: head.clientId,
            keepAlive: head.keepalive,
            username: null,
            password: null,
            ...signIn,
            properties: isNew ? ours(connectProperties) : {},
            will:
              lastWords === null
                ? null
                : { ...lastWords[0], delayInterval: isNew ? (lastWords[1].willDelayInterval ?? 0) : 0, properties: expect.toSatisfy(() => true) },
          });
          if (lastWords === null || !isNew || packet.type !== 'connect') return;
          const [, { payloadFormatIndicator, messageExpiryInterval, contentType }] = lastWords;
          expect(packet.will?.properties?.contentType ?? null).toBe(contentType ?? null);
          expect(packet.will?.properties?.messageExpiryInterval ?? null).toBe(messageExpiryInterval ?? null);
          expect(packet.will?.properties?.payloadFormatIndicator ?? null).toBe(payloadFormatIndicator === undefined ? null : Number(payloadFormatIndicator));
        },
      ),
    );
  });

  test('of PUBLISH, and is sent on to mqtt-packet as it came', () => {
    const head = fc.record({ topic, payload, qos, retain: fc.boolean(), dup: fc.boolean(), messageId: packetId });
    fc.assert(
      fc.property(
        version,
        head,
        messageProperties,
        fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
        (spoken, parts, properties, identifiers) => {
          const dup = parts.dup && parts.qos > 0;
          const sent = { cmd: 'publish', ...parts, dup, ...(spoken === 5 ? { properties } : {}) } as const;
          const packet = read(spoken, sent) as PublishPacket;
          expect(packet).toMatchObject({ topic: parts.topic, qos: parts.qos, retain: parts.retain, dup, packetId: parts.qos === 0 ? 0 : parts.messageId });
          expect(packet.payload.equals(parts.payload)).toBe(true);
          expect(packet.properties?.contentType ?? null).toBe((spoken === 5 ? properties.contentType : null) ?? null);

          const encoded = encodePublish(spoken, {
            ...packet,
            packetId: packet.qos === 0 ? 0 : 1,
            forwardedProperties: packet.properties?.forwarded ?? null,
            messageExpiryInterval: packet.properties?.messageExpiryInterval ?? null,
            subscriptionIdentifiers: identifiers,
          });
          const received = parse(spoken, packet.qos === 0 ? encoded : copyPublish(encoded, packet.packetId, packet.dup));
          expect(received).toMatchObject({ cmd: 'publish', topic: parts.topic, qos: parts.qos, retain: parts.retain, dup });
          if (parts.qos > 0) expect(received.messageId).toBe(parts.messageId);
          if (received.cmd !== 'publish') return;
          expect(parts.payload.equals(received.payload as Buffer)).toBe(true);
          if (spoken < 5) return;
          const { userProperties: users, subscriptionIdentifier, ...rest } = received.properties ?? {};
          const { userProperties: sentUsers, ...sentRest } = properties;
          expect(rest).toEqual(sentRest);
          expect(pairs(users)).toEqual(pairs(sentUsers));
          expect([subscriptionIdentifier ?? []].flat()).toEqual(identifiers);
        },
      ),
    );
  });

  test('of acknowledgements', () => {
    const codes = { puback: [0, 0x10, 0x87, 0x97], pubrec: [0, 0x10, 0x87, 0x97], pubrel: [0, 0x92], pubcomp: [0, 0x92] } as const;
    const ack = fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp').chain((type) => fc.tuple(fc.constant(type), fc.constantFrom(...codes[type])));
    fc.assert(
      fc.property(version, ack, packetId, reasons, (spoken, [type, code], messageId, properties) => {
        const reasonCode = spoken === 5 ? code : 0;
        const more = spoken === 5 ? { reasonCode, properties } : {};
        const packet = read(spoken, { cmd: type, messageId, ...more } as Packet);
        expect(packet).toEqual({ type, packetId: messageId, reasonCode, properties: spoken === 5 ? ours(properties) : {} });

        const received = parse(spoken, encodeAck(type, spoken, messageId, code, ours(properties)));
        expect(received).toMatchObject({ cmd: type, messageId, ...(spoken === 5 ? { reasonCode: code } : {}) });
        if (spoken === 5) expect({ ...(received as { properties?: object }).properties }).toEqual(theirs(ours(properties)));
      }),
    );
  });

  test('of SUBSCRIBE and UNSUBSCRIBE', () => {
    const subscription = fc.record({ topic: filter, qos, nl: fc.boolean(), rap: fc.boolean(), rh: fc.constantFrom(0, 1, 2) });
    const properties = some({ subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }), userProperties });
    fc.assert(
      fc.property(version, packetId, fc.array(subscription, { minLength: 1, maxLength: 5 }), properties, (spoken, messageId, subscriptions, given) => {
        const isNew = spoken === 5;
        const wanted = subscriptions.map(({ nl, rap, rh, ...rest }) => ({ ...rest, ...(isNew ? { nl, rap, rh } : {}) }));
        expect(read(spoken, { cmd: 'subscribe', messageId, subscriptions: wanted, ...(isNew ? { properties: given } : {}) })).toEqual({
          type: 'subscribe',
          packetId: messageId,
          properties: isNew ? ours(given) : {},
          subscriptions: subscriptions.map(({ topic: name, qos: most, nl, rap, rh }) => ({
            filter: name,
            shareName: null,
            topicFilter: name,
            qos: most,
            options: isNew ? most | (nl ? 4 : 0) | (rap ? 8 : 0) | (rh << 4) : most,
            noLocal: isNew && nl,
            retainAsPublished: isNew && rap,
            retainHandling: isNew ? rh : 0,
          })),
        });
        const { subscriptionIdentifier: _, ...users } = given;
        const filters = subscriptions.map(({ topic: name }) => name);
        expect(read(spoken, { cmd: 'unsubscribe', messageId, unsubscriptions: filters, ...(isNew ? { properties: users } : {}) })).toEqual({
          type: 'unsubscribe',
          packetId: messageId,
          filters,
          properties: isNew ? ours(users) : {},
        });
      }),
    );
  });

  test('of PINGREQ and DISCONNECT', () => {
    fc.assert(
      fc.property(version, fc.constantFrom(0, 4, 0x80, 0x95), reasons, (spoken, reasonCode, properties) => {
        expect(read(spoken, { cmd: 'pingreq' })).toEqual({ type: 'pingreq' });
        const isNew = spoken === 5;
        expect(read(spoken, { cmd: 'disconnect', ...(isNew ? { reasonCode, properties } : {}) })).toEqual({
          type: 'disconnect',
          reasonCode: isNew ? reasonCode : 0,
          properties: isNew ? ours(properties) : {},
        });
      }),
    );
  });
});

describe('what is written is read by mqtt-packet', () => {
  test('of CONNACK', () => {
    const properties = some({
      sessionExpiryInterval: uint32,
      receiveMaximum: uint16,
      retainAvailable: fc.boolean(),
      maximumPacketSize: uint32,
      assignedClientIdentifier: text,
      topicAliasMaximum: uint16,
      reasonString: text,
      wildcardSubscriptionAvailable: fc.boolean(),
      subscriptionIdentifiersAvailable: fc.boolean(),
      sharedSubscriptionAvailable: fc.boolean(),
      serverKeepAlive: uint16,
      responseInformation: text,
      serverReference: text,
      authenticationMethod: text,
      authenticationData: binary,
      userProperties,
    });
    fc.assert(
      fc.property(version, fc.constantFrom(0, 0x84, 0x87, 0x97), fc.boolean(), properties, (spoken, reasonCode, isPresent, given) => {
        const received = parse(spoken, encodeConnack(spoken, { reasonCode, sessionPresent: isPresent, properties: ours(given) }));
        expect(received).toMatchObject({ cmd: 'connack', sessionPresent: isPresent && reasonCode === 0 && spoken > 3 });
        if (received.cmd !== 'connack') return;
        if (spoken < 5) expect(received.returnCode).toBe({ 0: 0, 132: 1, 135: 5, 151: 3 }[reasonCode]);
        else expect([received.reasonCode, { ...received.properties }]).toEqual([reasonCode, theirs(ours(given))]);
      }),
    );
  });

  test('of SUBACK and UNSUBACK', () => {
    fc.assert(
      fc.property(version, packetId, fc.array(fc.constantFrom(0, 1, 2, 0x87), { minLength: 1, maxLength: 200 }), reasons, (spoken, messageId, codes, given) => {
        const granted = spoken === 5 ? codes : codes.map((code) => Math.min(code, 0x80));
        expect(parse(spoken, encodeSuback(spoken, messageId, codes, ours(given)))).toMatchObject({ cmd: 'suback', messageId, granted });
        const none = codes.map((code) => (code === 0x87 ? code : 0));
        const received = parse(spoken, encodeUnsuback(spoken, messageId, none, ours(given)));
        expect(received).toMatchObject({ cmd: 'unsuback', messageId, ...(spoken === 5 ? { granted: none } : {}) });
      }),
    );
  });

  test('of PINGRESP, DISCONNECT and AUTH', () => {
    expect(parse(4, PINGRESP)).toMatchObject({ cmd: 'pingresp' });
    fc.assert(
      fc.property(fc.constantFrom(0x81, 0x82, 0x8b, 0x8e), reasons, someText, binary, (reasonCode, given, method, data) => {
        expect(parse(5, encodeDisconnect(reasonCode, ours(given)))).toMatchObject({ cmd: 'disconnect', reasonCode });
        const received = parse(5, encodeAuth(0x18, { authenticationMethod: method, authenticationData: data }));
        expect(received).toMatchObject({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: method, authenticationData: data } });
      }),
    );
  });
});
