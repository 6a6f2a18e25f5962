import { describe, expect, test } from 'vitest';
import { REASON } from '../../../../../src/lib/protocols/mqtt/codec/reason-codes.ts';
import { connect, decode, decodeOne, failureOf, field, join, packet, properties, VERSIONS } from './bytes.ts';

const codeOf = (version: 3 | 4 | 5, bytes: Buffer): number | undefined => failureOf(version, bytes)?.reasonCode;

/** The codes below 256 that are taken in a packet made of one. */
function codesOf(make: (code: number) => Buffer): number[] {
  return Array.from({ length: 256 }, (_, code) => code).filter((code) => {
    const failure = failureOf(5, make(code))?.reasonCode;
    expect([undefined, REASON.protocolError]).toContain(failure);
    return failure === undefined;
  });
}

const ANSWERS = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const ACKS = [
  ['puback', 0x40, ANSWERS],
  ['pubrec', 0x50, ANSWERS],
  ['pubrel', 0x62, [0x00, 0x92]],
  ['pubcomp', 0x70, [0x00, 0x92]],
] as const;

describe.each(ACKS)('%s', (type, first, codes) => {
  test.each(VERSIONS)('of version %i is short when all is well', (version) => {
    expect(decodeOne(version, packet(first, 1, 2))).toEqual({ type, packetId: 0x102, reasonCode: 0, properties: {} });
    expect(codeOf(version, packet(first, 0, 0))).toBe(REASON.protocolError);
  });

  test('has a reason code and properties in MQTT 5 alone', () => {
    const reasonCode = codes[1];
    expect(decodeOne(5, packet(first, 0, 1, reasonCode))).toEqual({ type, packetId: 1, reasonCode, properties: {} });
    expect(decodeOne(5, packet(first, 0, 1, reasonCode, 0))).toEqual({ type, packetId: 1, reasonCode, properties: {} });
    expect(decodeOne(5, packet(first, 0, 1, 0, properties(0x1f, field('why'), 0x26, field('k'), field('v'))))).toMatchObject({
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    });
    for (const version of [3, 4] as const) expect(codeOf(version, packet(first, 0, 1, 0))).toBe(REASON.malformed);
    expect(codeOf(5, packet(first, 0, 1, 0, 0, 0))).toBe(REASON.malformed);
    expect(codeOf(5, packet(first, 0, 1, 0, properties(0x11, 0, 0, 0, 0)))).toBe(REASON.malformed);
    expect(codeOf(5, packet(first, 0, 1, 0, properties(0x1f, field('a'), 0x1f, field('b'))))).toBe(REASON.protocolError);
  });

  test('has a reason code of its table', () => {
    expect(codesOf((code) => packet(first, 0, 1, code))).toEqual(codes);
  });
});

describe('DISCONNECT', () => {
  test.each(VERSIONS)('of version %i is short when all is well', (version) => {
    expect(decodeOne(version, packet(0xe0))).toEqual({ type: 'disconnect', reasonCode: 0, properties: {} });
  });

  test('has a content in MQTT 5 alone', () => {
    for (const version of [3, 4] as const) expect(codeOf(version, packet(0xe0, 0))).toBe(REASON.malformed);
    expect(decodeOne(5, packet(0xe0, 4))).toMatchObject({ reasonCode: 4 });
    expect(decodeOne(5, packet(0xe0, 4, properties(0x1f, field('why'))))).toMatchObject({ reasonCode: 4, properties: { reasonString: 'why' } });
    expect(codeOf(5, packet(0xe0, 0, 0, 0))).toBe(REASON.malformed);
    expect(codeOf(5, packet(0xe0, 0, properties(0x21, 0, 1)))).toBe(REASON.malformed);
  });

  test('has a reason code that clients may send [MQTT-3.14.2-1]', () => {
    expect(codesOf((code) => packet(0xe0, code))).toEqual([0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]);
  });

  test('gives no expiry to a session that had none', () => {
    const leave = (seconds: number) => packet(0xe0, 0, properties(0x11, 0, 0, 0, seconds));
    const kept = connect(5, { properties: properties(0x11, 0, 0, 0, 1) });
    const ended = connect(5, { properties: properties(0x11, 0, 0, 0, 0) });
    for (const begin of [connect(5), ended]) {
      expect(decode(join(begin, leave(0))).failure).toBeNull();
      expect(decode(join(begin, leave(9))).failure?.reasonCode).toBe(REASON.protocolError);
    }
    expect(decode(join(kept, leave(9))).packets[1]).toMatchObject({ properties: { sessionExpiryInterval: 9 } });
  });
});

describe('AUTH', () => {
  const begin = connect(5, { properties: properties(0x15, field('SCRAM')) });
  const codeOfAuth = (bytes: Buffer) => decode(join(begin, bytes)).failure?.reasonCode;
  const method = join(0x15, field('SCRAM'));

  test('is read behind a CONNECT with an authentication method', () => {
    const bytes = packet(0xf0, 0x18, properties(method, 0x16, field([1]), 0x1f, field('why')));
    expect(decode(join(begin, bytes)).packets[1]).toEqual({
      type: 'auth',
      reasonCode: 0x18,
      properties: { authenticationMethod: 'SCRAM', authenticationData: Buffer.from([1]), reasonString: 'why' },
    });
  });

  test('is a protocol error behind any other CONNECT [MQTT-4.12.0-6]', () => {
    expect(codeOf(5, packet(0xf0, 0x18, properties(method)))).toBe(REASON.protocolError);
  });

  test('has the method of CONNECT [MQTT-4.12.0-5] and a reason code that clients may send [MQTT-3.15.2-1]', () => {
    expect(codeOfAuth(packet(0xf0, 0x19, properties(method)))).toBeUndefined();
    expect(codeOfAuth(packet(0xf0, 0x18, properties(0x15, field('OTHER'))))).toBe(REASON.protocolError);
    expect(codeOfAuth(packet(0xf0, 0x18, 0))).toBe(REASON.protocolError);
    expect(codeOfAuth(packet(0xf0, 0x00, properties(method)))).toBe(REASON.protocolError);
    expect(codeOfAuth(packet(0xf0, 0x18, properties(method), 0))).toBe(REASON.malformed);
    expect(codeOfAuth(packet(0xf0))).toBe(REASON.malformed);
  });
});
