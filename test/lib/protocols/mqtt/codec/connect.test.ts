import { describe, expect, test } from 'vitest';
import type { ConnectPacket } from '../../../../../src/lib/protocols/mqtt/codec/packet.ts';
import { REASON } from '../../../../../src/lib/protocols/mqtt/codec/reason-codes.ts';
import { type ConnectParts, connect, decode, field, join, type Part, packet, properties, VERSIONS } from './bytes.ts';

const ALL = 0b1110_1110; // user name, password, will retain, will QoS 1, will, clean

function connectOf(bytes: Buffer): ConnectPacket {
  const { packets, failure } = decode(bytes);
  expect(failure).toBeNull();
  return packets[0] as ConnectPacket;
}

function codeOf(version: 3 | 4 | 5, parts: ConnectParts): number | undefined {
  const { packets, failure } = decode(connect(version, parts));
  expect(packets).toEqual([]);
  // Older versions have no answer for what is malformed.
  expect(failure).toMatchObject({ version: version === 5 ? 5 : null, beforeConnect: true });
  return failure?.reasonCode;
}

describe('CONNECT', () => {
  test.each(VERSIONS)('of version %i is read whole, in the order of [MQTT-3.1.3-1]', (version) => {
    const section = version === 5 ? [properties(0x18, 0, 0, 0, 9, 0x01, 1, 0x02, 0, 0, 0, 7, 0x03, field('text'))] : [];
    const bytes = connect(version, { flags: ALL, payload: [field('client'), ...section, field('will/topic'), field('bye'), field('user'), field([0, 255])] });
    expect(connectOf(bytes)).toEqual({
      type: 'connect',
      version,
      clean: true,
      keepAlive: 60,
      clientId: 'client',
      username: 'user',
      password: Buffer.from([0, 255]),
      will: {
        topic: 'will/topic',
        payload: Buffer.from('bye'),
        qos: 1,
        retain: true,
        delayInterval: version === 5 ? 9 : 0,
        properties:
          version === 5
            ? expect.objectContaining({
                payloadFormatIndicator: 1,
                messageExpiryInterval: 7,
                contentType: 'text',
                forwarded: join(0x01, 1, 0x03, field('text')),
              })
            : null,
      },
      properties: {},
    });
  });

  test('may have an empty client identifier: the broker decides', () => {
    for (const version of VERSIONS) expect(connectOf(connect(version, { payload: [field('')] })).clientId).toBe('');
  });

  test('of an unknown version is answered in the shape that its sender understands [MQTT-3.1.2-1] [MQTT-3.1.2-2]', () => {
    const cases = [
      ['MQTT', 0, 4],
      ['MQTT', 3, 4],
      ['MQIsdp', 4, 4],
      ['MQTT', 6, 5],
      ['MQTT', 127, 5],
      ['mqtt', 4, null],
      ['mqtt', 5, 5],
      ['MQTTX', 5, 5],
      ['', 4, null],
      ['HTTP', 0, null],
      // Bridges of mosquitto.
      ['MQTT', 0x84, 4],
      ['MQTT', 0x85, 5],
    ] as const;
    for (const [name, level, version] of cases) {
      expect(decode(connect(4, { name, level })).failure).toMatchObject({ reasonCode: REASON.unsupportedVersion, version, beforeConnect: true });
    }
  });

  test('of an unknown version is refused whatever follows', () => {
    expect(decode(packet(0x10, field('MQTT'), 9)).failure?.reasonCode).toBe(REASON.unsupportedVersion);
  });

  test('with flags in its header is malformed [MQTT-2.1.3-1]; MQTT 3.1 does not use them', () => {
    const withFlags = (bytes: Buffer) => join(0x14, bytes.subarray(1));
    for (const version of [4, 5] as const) expect(decode(withFlags(connect(version))).failure?.reasonCode).toBe(REASON.malformed);
    expect(connectOf(withFlags(connect(3))).clientId).toBe('me');
  });

  test('has names without control characters (section 1.5.4)', () => {
    for (const name of ['a\n', '\u001f', 'a\u007f', '\u0080', '\u009fb', '\uffff', '\ufdd0']) {
      for (const version of VERSIONS) {
        expect(codeOf(version, { payload: [field(name)] })).toBe(REASON.malformed);
        expect(codeOf(version, { flags: 0b1000_0010, payload: [field('me'), field(name)] })).toBe(REASON.malformed);
      }
    }
    expect(connectOf(connect(4, { payload: [field('\u{2a6d4}\u00a0~')] })).clientId).toBe('\u{2a6d4}\u00a0~');
    expect(connectOf(connect(5, { properties: properties(0x26, field('a\n'), field('\t')) })).properties.userProperties).toEqual([['a\n', '\t']]);
  });

  test('with the reserved flag is malformed [MQTT-3.1.2-3]; MQTT 3.1 does not use it', () => {
    for (const version of [4, 5] as const) expect(codeOf(version, { flags: 3 })).toBe(REASON.malformed);
    expect(connectOf(connect(3, { flags: 3 })).clean).toBe(true);
  });

  test.each(VERSIONS)('with wrong will flags is malformed in version %i [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13]', (version) => {
    for (const flags of [0b0000_1010, 0b0001_0010, 0b0010_0010]) expect(codeOf(version, { flags })).toBe(REASON.malformed);
    const payload = [field('me'), ...(version === 5 ? [0] : []), field('topic'), field('bye')];
    expect(connectOf(connect(version, { flags: 0b0001_0110, payload })).will?.qos).toBe(2);
    expect(codeOf(version, { flags: 0b0001_1110, payload })).toBe(REASON.malformed);
  });

  test('with a password alone is for MQTT 5 [MQTT-3.1.2-22]', () => {
    const parts = { flags: 0b0100_0010, payload: [field('me'), field('secret')] };
    for (const version of [3, 4] as const) expect(codeOf(version, parts)).toBe(REASON.malformed);
    expect(connectOf(connect(5, parts))).toMatchObject({ username: null, password: Buffer.from('secret') });
  });

  test('without the user name that its flags promise is for MQTT 3.1', () => {
    const parts = { flags: 0b1100_0010 };
    for (const version of [4, 5] as const) expect(codeOf(version, parts)).toBe(REASON.malformed);
    expect(connectOf(connect(3, parts))).toMatchObject({ username: null, password: null });
  });

  test.each(VERSIONS)('of version %i is as long as its content', (version) => {
    expect(codeOf(version, { payload: [field('me'), 0] })).toBe(REASON.malformed);
    expect(codeOf(version, { payload: [] })).toBe(REASON.malformed);
    expect(codeOf(version, { payload: [0, 5, 65] })).toBe(REASON.malformed);
  });

  test.each(VERSIONS)('of version %i has no will topic that is none', (version) => {
    const section = version === 5 ? [0] : [];
    const withTopic = (topic: string) => ({ flags: 6, payload: [field('me'), ...section, field(topic), field('')] });
    for (const topic of ['', 'a/+', '#']) expect(codeOf(version, withTopic(topic))).toBe(REASON.topicInvalid);
    expect(connectOf(connect(version, withTopic('a'))).will?.payload).toHaveLength(0);
  });

  test('has valid texts [MQTT-1.5.4-1] [MQTT-1.5.4-2]', () => {
    for (const bytes of [[0x61, 0], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xff], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(codeOf(5, { payload: [field(bytes)] })).toBe(REASON.malformed);
      expect(codeOf(4, { flags: 0b1000_0010, payload: [field('me'), field(bytes)] })).toBe(REASON.malformed);
    }
    // A byte order mark is part of the text [MQTT-1.5.4-3].
    expect(connectOf(connect(5, { payload: [field('\uFEFFgrüße 🌡')] })).clientId).toBe('\uFEFFgrüße 🌡');
  });
});

describe('properties of CONNECT', () => {
  const withProperties = (...parts: readonly Part[]) => ({ properties: properties(...parts) });

  test('are all read', () => {
    const bytes = connect(
      5,
      withProperties(
        ...[0x11, 255, 255, 255, 255, 0x21, 0, 20, 0x27, 0, 1, 0, 0, 0x22, 0, 5, 0x19, 1, 0x17, 0],
        ...[0x26, field('a'), field('1'), 0x26, field('a'), field('2'), 0x15, field('SCRAM'), 0x16, field([1, 2])],
      ),
    );
    expect(connectOf(bytes).properties).toEqual({
      sessionExpiryInterval: 0xffffffff,
      receiveMaximum: 20,
      maximumPacketSize: 65_536,
      topicAliasMaximum: 5,
      requestResponseInformation: true,
      requestProblemInformation: false,
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
      authenticationMethod: 'SCRAM',
      authenticationData: Buffer.from([1, 2]),
    });
  });

  test('there twice are a protocol error', () => {
    const once = [
      [0x11, 0, 0, 0, 1],
      [0x21, 0, 1],
      [0x27, 0, 0, 0, 1],
      [0x22, 0, 1],
      [0x19, 1],
      [0x17, 1],
      [0x15, 0, 1, 65],
    ];
    for (const one of once) {
      expect(decode(connect(5, withProperties(one))).failure).toBeNull();
      expect(codeOf(5, withProperties(one, one))).toBe(REASON.protocolError);
    }
    expect(codeOf(5, withProperties(0x15, field('m'), 0x16, field('d'), 0x16, field('d')))).toBe(REASON.protocolError);
  });

  test('with values out of range are a protocol error', () => {
    for (const parts of [
      [0x21, 0, 0],
      [0x27, 0, 0, 0, 0],
      [0x19, 2],
      [0x17, 2],
    ]) {
      expect(codeOf(5, withProperties(parts))).toBe(REASON.protocolError);
    }
  });

  test('that are unknown, or of other packets, are malformed', () => {
    for (let id = 0; id < 128; id++) {
      if ([0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27].includes(id)) continue;
      expect([id, codeOf(5, withProperties(id, 0, 1, 65))]).toEqual([id, REASON.malformed]);
    }
    expect(codeOf(5, withProperties(0x91, 0, 0, 0, 0, 1))).toBe(REASON.malformed);
  });

  test('longer than the packet, or than their length, are malformed', () => {
    expect(codeOf(5, { properties: Buffer.from([100]) })).toBe(REASON.malformed);
    expect(codeOf(5, { properties: Buffer.from([2, 0x21, 0, 1]) })).toBe(REASON.malformed);
    expect(codeOf(5, { properties: Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f]) })).toBe(REASON.malformed);
    expect(codeOf(5, { properties: Buffer.from([0x80, 0x00]) })).toBe(REASON.malformed);
  });

  test('have no authentication data without a method', () => {
    expect(codeOf(5, withProperties(0x16, field('data')))).toBe(REASON.protocolError);
  });

  test('of a will there twice, or of PUBLISH alone, are refused', () => {
    const withWill = (...parts: readonly Part[]) => ({ flags: 6, payload: [field('me'), properties(...parts), field('t'), field('p')] });
    expect(codeOf(5, withWill(0x18, 0, 0, 0, 1, 0x18, 0, 0, 0, 1))).toBe(REASON.protocolError);
    expect(codeOf(5, withWill(0x23, 0, 1))).toBe(REASON.malformed);
    expect(codeOf(5, withWill(0x0b, 1))).toBe(REASON.malformed);
    expect(codeOf(5, withWill(0x01, 2))).toBe(REASON.protocolError);
  });
});
