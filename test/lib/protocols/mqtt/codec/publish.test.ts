import { describe, expect, test } from 'vitest';
import { PacketDecoder } from '../../../../../src/lib/protocols/mqtt/codec/decoder.ts';
import type { PublishPacket } from '../../../../../src/lib/protocols/mqtt/codec/packet.ts';
import { REASON } from '../../../../../src/lib/protocols/mqtt/codec/reason-codes.ts';
import { connect, decode, decodeOne, drain, failureOf, field, join, LIMITS, type Part, packet, properties, VERSIONS } from './bytes.ts';

const publishOf = (bytes: Buffer, version: 3 | 4 | 5 = 5): PublishPacket => decodeOne(version, bytes) as PublishPacket;
const codeOf = (bytes: Buffer, version: 3 | 4 | 5 = 5): number | undefined => failureOf(version, bytes)?.reasonCode;

describe('PUBLISH', () => {
  test.each(VERSIONS)('of version %i gives all that is in it', (version) => {
    const section = version === 5 ? [0] : [];
    expect(publishOf(packet(0x3d, field('a/ä'), 1, 2, ...section, 7, 8), version)).toEqual({
      type: 'publish',
      dup: true,
      qos: 2,
      retain: true,
      topic: 'a/ä',
      packetId: 0x102,
      properties: null,
      payload: Buffer.from([7, 8]),
    });
    expect(publishOf(packet(0x30, field('$x'), ...section), version)).toMatchObject({ dup: false, qos: 0, retain: false, packetId: 0, topic: '$x' });
  });

  test.each(VERSIONS)('of version %i has a packet identifier other than 0 [MQTT-2.2.1-3]', (version) => {
    expect(codeOf(packet(0x32, field('a'), 0, 0, 0), version)).toBe(REASON.protocolError);
    expect(codeOf(packet(0x32, field('a'), 0), version)).toBe(REASON.malformed);
  });

  test.each(VERSIONS)('of version %i has a topic that is a text without wildcards [MQTT-3.3.2-1] [MQTT-3.3.2-2]', (version) => {
    for (const topic of ['a/+', '#', 'a#', '+']) expect(codeOf(packet(0x30, field(topic), 0), version)).toBe(REASON.topicInvalid);
    for (const bytes of [[0], [0x1f], [0x7f], [0xc2, 0x85], [0xc0, 0xaf], [0xed, 0xbf, 0xbf], [0x61, 0x80]]) {
      expect(codeOf(packet(0x30, field(bytes), 0), version)).toBe(REASON.malformed);
    }
    expect(codeOf(packet(0x30, field(`${'a'.repeat(300)}+`), 0), version)).toBe(REASON.topicInvalid);
  });

  test('has a topic that is not empty [MQTT-4.7.3-1]', () => {
    for (const version of [3, 4] as const) expect(codeOf(packet(0x30, field('')), version)).toBe(REASON.topicInvalid);
    expect(codeOf(packet(0x30, field(''), 0))).toBe(REASON.protocolError);
  });

  test('keeps topics apart that share a place in the cache', () => {
    const topics = Array.from({ length: 500 }, (_, index) => `devices/${index % 3 === 0 ? 'ä' : 'a'}-${index}/report`);
    const stream = [...topics, ...topics].map((topic) => packet(0x30, field(topic)));
    const decoder = new PacketDecoder(LIMITS);
    decoder.push(join(connect(4), ...stream));
    expect(drain(decoder).flatMap((one) => (one.type === 'publish' ? one.topic : []))).toEqual([...topics, ...topics]);
  });
});

test('a topic in the cache does not stand for the same characters in another encoding', () => {
  for (let index = 0; index < 500; index++) {
    const topic = `ä-${index}`;
    const bytes = join(packet(0x30, field(topic)), packet(0x30, field([...Buffer.from(topic, 'latin1')])));
    expect(codeOf(bytes, 4)).toBe(REASON.malformed);
  }
});

describe('properties of PUBLISH', () => {
  const withProperties = (...parts: readonly Part[]) => packet(0x30, field('a'), properties(...parts), 9);
  const forwardable = join(
    0x08,
    field('answer/here'),
    0x26,
    field('z'),
    field('1'),
    0x01,
    1,
    0x26,
    field('a'),
    field('2'),
    0x09,
    field([0, 1]),
    0x03,
    field('t'),
  );

  test('are read, and those to forward kept as they came [MQTT-3.3.2-17] [MQTT-3.3.2-18]', () => {
    const bytes = withProperties(forwardable);
    const { properties: read, payload } = publishOf(bytes);
    expect(read).toMatchObject({ payloadFormatIndicator: 1, messageExpiryInterval: null, contentType: 't' });
    expect(read?.forwarded).toEqual(forwardable);
    expect(payload).toEqual(Buffer.from([9]));
  });

  test('for the hub alone are taken out of those, wherever they stand', () => {
    const [expiry, alias] = [join(0x02, 0, 0, 0, 60), join(0x23, 0, 1)];
    const [first, second] = [join(0x03, field('t')), join(0x26, field('a'), field('b'))];
    const cases: readonly (readonly [readonly Buffer[], Buffer | null])[] = [
      [[expiry], null],
      [[alias, expiry], null],
      [[expiry, first], first],
      [[first, expiry], first],
      [[first, expiry, second], join(first, second)],
      [[alias, first, expiry, second], join(first, second)],
      [[second, alias, expiry, first], join(second, first)],
    ];
    for (const [parts, forwarded] of cases) {
      const { properties: read } = publishOf(withProperties(...parts));
      expect(read?.forwarded).toEqual(forwarded);
      expect(read?.messageExpiryInterval).toBe(parts.includes(expiry) ? 60 : null);
    }
  });

  test('there twice are a protocol error, but for user properties', () => {
    for (const one of [join(0x01, 1), join(0x02, 0, 0, 0, 1), join(0x03, field('t')), join(0x08, field('r')), join(0x09, field('d')), join(0x23, 0, 1)]) {
      expect(failureOf(5, withProperties(one))).toBeNull();
      expect(codeOf(withProperties(one, one))).toBe(REASON.protocolError);
    }
  });

  test('of other packets, or unknown, are malformed; a subscription identifier is a protocol error [MQTT-3.3.4-6]', () => {
    for (let id = 0; id < 128; id++) {
      if ([0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26].includes(id)) continue;
      expect([id, codeOf(withProperties(id, 0, 1, 65))]).toEqual([id, id === 0x0b ? REASON.protocolError : REASON.malformed]);
    }
    expect(codeOf(withProperties(0x18, 0, 0, 0, 1))).toBe(REASON.malformed);
    expect(codeOf(withProperties(0x0b, 0x80, 0))).toBe(REASON.malformed);
    expect(codeOf(withProperties(0x81, 0, 1))).toBe(REASON.malformed);
  });

  test('with wrong values are refused', () => {
    expect(codeOf(withProperties(0x01, 2))).toBe(REASON.protocolError);
    for (const topic of ['', 'a/+', '#']) expect(codeOf(withProperties(0x08, field(topic)))).toBe(REASON.protocolError);
    for (const id of [0x03, 0x08]) expect(codeOf(withProperties(id, field([0xff])))).toBe(REASON.malformed);
    expect(codeOf(withProperties(0x26, field('a'), field([0])))).toBe(REASON.malformed);
    expect(codeOf(withProperties(0x26, field([0]), field('a')))).toBe(REASON.malformed);
  });

  test('longer than the packet, or than their length, are malformed', () => {
    expect(codeOf(packet(0x30, field('a'), 50, 0x01, 1))).toBe(REASON.malformed);
    expect(codeOf(packet(0x30, field('a'), 1, 0x01, 1))).toBe(REASON.malformed);
    expect(codeOf(packet(0x30, field('a'), 3, 0x03, 0, 9, 0, 0, 0, 0))).toBe(REASON.malformed);
    expect(codeOf(packet(0x30, field('a')))).toBe(REASON.malformed);
    expect(codeOf(packet(0x30, field('a'), 0x82, 0x00, 0x01, 1))).toBe(REASON.malformed);
  });
});

describe('topic aliases', () => {
  const aliased = (topic: string, alias: number) => packet(0x30, field(topic), properties(0x23, alias >> 8, alias & 255));
  const topicsOf = (...packets: readonly Buffer[]) => {
    const { packets: read, failure } = decode(join(connect(5), ...packets));
    return [read.flatMap((one) => (one.type === 'publish' ? one.topic : [])), failure?.reasonCode ?? null];
  };

  test('are resolved, and may be given anew', () => {
    expect(topicsOf(aliased('a', 1), aliased('', 1), aliased('b', 2), aliased('', 1), aliased('c', 1), aliased('', 1), aliased('', 2))).toEqual([
      ['a', 'a', 'b', 'a', 'c', 'c', 'b'],
      null,
    ]);
  });

  test('that were never given are a protocol error', () => {
    expect(topicsOf(aliased('a', 1), aliased('', 2))).toEqual([['a'], REASON.protocolError]);
  });

  test('of 0 or beyond the maximum are refused [MQTT-3.3.2-8] [MQTT-3.3.2-9]', () => {
    expect(topicsOf(aliased('a', LIMITS.topicAliasMax))).toEqual([['a'], null]);
    expect(topicsOf(aliased('a', 0))).toEqual([[], REASON.topicAliasInvalid]);
    expect(topicsOf(aliased('a', LIMITS.topicAliasMax + 1))).toEqual([[], REASON.topicAliasInvalid]);
    expect(decode(join(connect(5), aliased('a', 1)), { ...LIMITS, topicAliasMax: 0 }).failure?.reasonCode).toBe(REASON.topicAliasInvalid);
  });

  test('do not stand for a wildcard', () => {
    expect(topicsOf(aliased('+', 1))).toEqual([[], REASON.topicInvalid]);
  });
});
