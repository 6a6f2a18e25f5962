import { describe, expect, test } from 'vitest';
import { PacketDecoder } from '../../../../../src/lib/protocols/mqtt/codec/decoder.ts';
import {
  ACK_BYTES,
  encodeAck,
  encodeAuth,
  encodeConnack,
  encodeDisconnect,
  encodeFailure,
  encodeSuback,
  encodeUnsuback,
  PINGRESP,
  writeAck,
} from '../../../../../src/lib/protocols/mqtt/codec/encode.ts';
import { copyPublish, encodePublish } from '../../../../../src/lib/protocols/mqtt/codec/encode-publish.ts';
import type { OutgoingPublish } from '../../../../../src/lib/protocols/mqtt/codec/packet.ts';
import { REASON } from '../../../../../src/lib/protocols/mqtt/codec/reason-codes.ts';
import { connect, field, join, LIMITS, packet, properties } from './bytes.ts';

const REASONED = { reasonString: 'why', userProperties: [['key', 'value']] } as const;
const reasonBytes = join(0x1f, field('why'));
const pairBytes = join(0x26, field('key'), field('value'));

describe('CONNACK', () => {
  test('says in older versions what the reason code of MQTT 5 means', () => {
    const returned = (reasonCode: number) => encodeConnack(4, { reasonCode, sessionPresent: false })[3];
    expect(
      [REASON.success, REASON.unsupportedVersion, REASON.identifierNotValid, REASON.serverBusy, REASON.badCredentials, REASON.notAuthorized, REASON.banned].map(
        returned,
      ),
    ).toEqual([0, 1, 2, 3, 4, 5, 5]);
  });

  test('has Session Present where its version knows it, and never in a refusal [MQTT-3.2.2-6]', () => {
    const flags = (version: 3 | 4 | 5, reasonCode: number) => encodeConnack(version, { reasonCode, sessionPresent: true })[2];
    expect([flags(3, 0), flags(4, 0), flags(5, 0)]).toEqual([0, 1, 1]);
    expect([flags(4, REASON.serverBusy), flags(5, REASON.serverBusy)]).toEqual([0, 0]);
  });

  test('has the properties that are given', () => {
    expect(encodeConnack(5, { reasonCode: 0, sessionPresent: false })).toEqual(packet(0x20, 0, 0, 0));
    const bytes = encodeConnack(5, {
      reasonCode: 0,
      sessionPresent: false,
      properties: {
        assignedClientIdentifier: 'ä',
        serverKeepAlive: 300,
        receiveMaximum: 1_000,
        retainAvailable: false,
        sessionExpiryInterval: 0xfffffffe,
        maximumQos: 1,
      },
    });
    const expected = join(0x11, 255, 255, 255, 254, 0x12, field('ä'), 0x13, 1, 44, 0x21, 3, 232, 0x24, 1, 0x25, 0);
    expect(bytes).toEqual(packet(0x20, 0, 0, properties(expected)));
    expect(encodeConnack(4, { reasonCode: 0, sessionPresent: false, properties: { receiveMaximum: 9 } })).toEqual(packet(0x20, 0, 0));
  });
});

describe('acknowledgements', () => {
  test('are four bytes when all is well, in every version', () => {
    const firsts = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const;
    for (const type of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) {
      const target = Buffer.alloc(3 * ACK_BYTES);
      expect(writeAck(type, target, 4, 0xabcd)).toBe(8);
      expect(target).toEqual(join(0, 0, 0, 0, firsts[type], 2, 0xab, 0xcd, 0, 0, 0, 0));
      for (const version of [3, 4, 5] as const) expect(encodeAck(type, version, 0xabcd)).toEqual(target.subarray(4, 8));
    }
  });

  test('have a reason code and properties in MQTT 5 alone', () => {
    expect(encodeAck('pubrec', 5, 1, REASON.quotaExceeded)).toEqual(packet(0x50, 0, 1, 0x97));
    expect(encodeAck('puback', 5, 1, REASON.success, REASONED)).toEqual(packet(0x40, 0, 1, 0, properties(reasonBytes, pairBytes)));
    expect(encodeAck('puback', 4, 1, REASON.quotaExceeded, REASONED)).toEqual(packet(0x40, 0, 1));
  });

  test('leave out what a client has no room for', () => {
    const sizeOf = (packetBytesMax: number) => encodeAck('puback', 5, 1, REASON.quotaExceeded, REASONED, packetBytesMax).length;
    const [all, fewer, least] = [sizeOf(1_000), sizeOf(20), sizeOf(8)];
    expect([all, fewer, least]).toEqual([25, 12, 6]);
    expect([sizeOf(all), sizeOf(all - 1), sizeOf(fewer), sizeOf(fewer - 1)]).toEqual([all, fewer, fewer, least]);
  });

  test('cut a text that is too long where a character begins', () => {
    const bytes = encodeAck('puback', 5, 1, REASON.quotaExceeded, { reasonString: 'ä'.repeat(40_000) });
    const lengthAt = bytes.indexOf(0x1f, 6) + 1;
    expect(bytes.readUInt16BE(lengthAt)).toBe(65_534);
    expect(bytes.subarray(lengthAt + 2).toString()).toBe('ä'.repeat(32_767));
  });
});

test('SUBACK has one failure before MQTT 5, UNSUBACK no codes at all', () => {
  const codes = [2, REASON.notAuthorized, 0];
  expect(encodeSuback(4, 9, codes)).toEqual(packet(0x90, 0, 9, 2, 0x80, 0));
  expect(encodeSuback(5, 9, codes, { reasonString: 'why' })).toEqual(packet(0x90, 0, 9, properties(reasonBytes), 2, 0x87, 0));
  expect(encodeUnsuback(4, 9, [0, 0x11])).toEqual(packet(0xb0, 0, 9));
  expect(encodeUnsuback(5, 9, [0, 0x11])).toEqual(packet(0xb0, 0, 9, 0, 0, 0x11));
});

test('PINGRESP, DISCONNECT and AUTH', () => {
  expect(PINGRESP).toEqual(packet(0xd0));
  expect(encodeDisconnect(REASON.serverShuttingDown)).toEqual(packet(0xe0, 0x8b));
  expect(encodeDisconnect(REASON.serverMoved, { serverReference: 'b' })).toEqual(packet(0xe0, 0x9d, properties(0x1c, field('b'))));
  expect(encodeAuth(REASON.continueAuthentication, { authenticationMethod: 'm', authenticationData: Buffer.from([1]) })).toEqual(
    packet(0xf0, 0x18, properties(0x15, field('m'), 0x16, field([1]))),
  );
});

describe('the answer to a failure', () => {
  const answerTo = (bytes: Buffer): Buffer | null => {
    const decoder = new PacketDecoder(LIMITS);
    decoder.push(bytes);
    while (decoder.next() !== null);
    return decoder.failure === null ? null : encodeFailure(decoder.failure, 20);
  };

  test('is CONNACK to a CONNECT, DISCONNECT to anything later, and nothing to older versions', () => {
    expect(answerTo(connect(4, { level: 2 }))).toEqual(packet(0x20, 0, 1));
    expect(answerTo(connect(5, { level: 9 }))).toEqual(packet(0x20, 0, 0x84, 0));
    expect(answerTo(connect(5, { flags: 3 }))).toEqual(packet(0x20, 0, 0x81, 0));
    expect(answerTo(connect(4, { flags: 3 }))).toBeNull();
    expect(answerTo(join(connect(5), 0x10))).toEqual(packet(0xe0, 0x82, 0));
    expect(answerTo(join(connect(4), 0x10))).toBeNull();
    expect(answerTo(packet(0xc0))).toBeNull();
  });

  test('says why', () => {
    expect(encodeFailure({ reasonCode: 0x82, reason: 'why', version: 5, beforeConnect: false })).toEqual(packet(0xe0, 0x82, properties(reasonBytes)));
    expect(encodeFailure({ reasonCode: 0x81, reason: 'why', version: 5, beforeConnect: true })).toEqual(packet(0x20, 0, 0x81, properties(reasonBytes)));
  });
});

describe('PUBLISH', () => {
  const message: OutgoingPublish = {
    topic: 'a/ä',
    payload: Buffer.from([1, 2]),
    qos: 1,
    retain: true,
    dup: false,
    packetId: 0x0102,
    forwardedProperties: null,
    messageExpiryInterval: null,
    subscriptionIdentifiers: [],
  };
  const forwarded = join(0x03, field('t'));

  test('has properties in MQTT 5 alone', () => {
    const full = { ...message, forwardedProperties: forwarded, messageExpiryInterval: 258, subscriptionIdentifiers: [1, 268_435_455] };
    expect(encodePublish(4, full)).toEqual(packet(0x33, field('a/ä'), 1, 2, 1, 2));
    expect(encodePublish(5, message)).toEqual(packet(0x33, field('a/ä'), 1, 2, 0, 1, 2));
    expect(encodePublish(5, full)).toEqual(packet(0x33, field('a/ä'), 1, 2, properties(0x02, 0, 0, 1, 2, 0x0b, 1, 0x0b, 255, 255, 255, 127, forwarded), 1, 2));
  });

  test('of QoS 0 has no packet identifier [MQTT-2.2.1-2]', () => {
    expect(encodePublish(4, { ...message, qos: 0, retain: false })).toEqual(packet(0x30, field('a/ä'), 1, 2));
  });

  test('has a length of as many bytes as it needs', () => {
    const head = field('a/ä').length + 2;
    for (const length of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      const payload = Buffer.alloc(length - head, 7);
      expect(encodePublish(4, { ...message, payload }).equals(packet(0x33, field('a/ä'), 1, 2, payload))).toBe(true);
    }
  });

  test('is copied with another packet identifier and DUP', () => {
    for (const payload of [Buffer.alloc(3), Buffer.alloc(300)]) {
      const encoded = encodePublish(5, { ...message, payload, forwardedProperties: forwarded });
      const before = Buffer.from(encoded);
      expect(copyPublish(encoded, 0xfffe)).toEqual(encodePublish(5, { ...message, payload, forwardedProperties: forwarded, packetId: 0xfffe }));
      expect(copyPublish(encoded, 3, true)).toEqual(encodePublish(5, { ...message, payload, forwardedProperties: forwarded, packetId: 3, dup: true }));
      expect(copyPublish(copyPublish(encoded, 3, true), 3)[0]).toBe(0x33);
      expect(encoded).toEqual(before);
    }
  });

  test('does not go out with a topic that its length cannot tell', () => {
    expect(() => encodePublish(4, { ...message, topic: 'x'.repeat(65_536) })).toThrow(RangeError);
  });
});
