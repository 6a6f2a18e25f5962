import { describe, expect, test } from 'vitest';
import { parseFilter } from '../../../../../src/lib/protocols/mqtt/codec/filter.ts';
import { REASON } from '../../../../../src/lib/protocols/mqtt/codec/reason-codes.ts';
import { decodeOne, failureOf, field, type Part, packet, properties, VERSIONS } from './bytes.ts';

const codeOf = (version: 3 | 4 | 5, bytes: Buffer): number | undefined => failureOf(version, bytes)?.reasonCode;
const section = (version: number): readonly number[] => (version === 5 ? [0] : []);

describe('filters', () => {
  test('follow section 4.7 [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1]', () => {
    for (const filter of ['#', '+', '/', '//', 'a', 'a/#', '+/+', '/+', '+/', 'a/+/b', '+/#', '/#', '$SYS/#', '$share', '$shared/x', 'ä/+', 'a b']) {
      expect(parseFilter(filter)).toEqual({ shareName: null, topicFilter: filter });
    }
    for (const filter of ['', 'a#', '#/a', 'a/#/b', '##', 'a+', '+a', 'a/+b', 'a/b+/c', '++', '+#', '/##']) expect(parseFilter(filter)).toBeNull();
  });

  test('with $share/ have a name and a filter [MQTT-4.8.2-1] [MQTT-4.8.2-2]', () => {
    expect(parseFilter('$share/group/a/+')).toEqual({ shareName: 'group', topicFilter: 'a/+' });
    expect(parseFilter('$share/g/#')).toEqual({ shareName: 'g', topicFilter: '#' });
    expect(parseFilter('$share/g//x')).toEqual({ shareName: 'g', topicFilter: '/x' });
    for (const filter of ['$share/', '$share/g', '$share/g/', '$share//a', '$share/+/a', '$share/a#/a', '$share/g/a#', '$share/#'])
      expect(parseFilter(filter)).toBeNull();
  });
});

describe('SUBSCRIBE', () => {
  test('gives its filters in their order, with their options', () => {
    const bytes = packet(0x82, 0, 9, properties(0x0b, 0x80, 0x01, 0x26, field('k'), field('v')), field('a/+'), 0b0010_1101, field('$share/g/b'), 0b0001_0010);
    expect(decodeOne(5, bytes)).toEqual({
      type: 'subscribe',
      packetId: 9,
      subscriptions: [
        {
          filter: 'a/+',
          shareName: null,
          topicFilter: 'a/+',
          options: 0b0010_1101,
          qos: 1,
          noLocal: true,
          retainAsPublished: true,
          retainHandling: 2,
        },
        {
          filter: '$share/g/b',
          shareName: 'g',
          topicFilter: 'b',
          options: 0b0001_0010,
          qos: 2,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 1,
        },
      ],
      properties: { subscriptionIdentifier: 128, userProperties: [['k', 'v']] },
    });
  });

  test.each(VERSIONS)('of version %i has a packet identifier, a filter and valid filters [MQTT-3.8.3-2]', (version) => {
    expect(codeOf(version, packet(0x82, 0, 0, ...section(version), field('a'), 0))).toBe(REASON.protocolError);
    expect(codeOf(version, packet(0x82, 0, 1, ...section(version)))).toBe(REASON.protocolError);
    for (const filter of ['', 'a#', '$share//x']) expect(codeOf(version, packet(0x82, 0, 1, ...section(version), field(filter), 0))).toBe(REASON.filterInvalid);
    for (const bytes of [[0xff], [0x61, 0x0a]]) expect(codeOf(version, packet(0x82, 0, 1, ...section(version), field(bytes), 0))).toBe(REASON.malformed);
    expect(codeOf(version, packet(0x82, 0, 1, ...section(version), field('a'), 0, field('b')))).toBe(REASON.malformed);
  });

  test('has only options of its version [MQTT-3.8.3-5]', () => {
    for (let options = 0; options < 256; options++) {
      const of = (version: 3 | 4 | 5) => failureOf(version, packet(0x82, 0, 1, ...section(version), field('a'), options)) === null;
      expect([options, of(3), of(4)]).toEqual([options, options < 3, options < 3]);
      expect([options, of(5)]).toEqual([options, options < 0x30 && (options & 3) !== 3]);
    }
    const codeWith = (options: number) => codeOf(5, packet(0x82, 0, 1, 0, field('a'), options));
    expect([codeWith(0x40), codeWith(0x80)]).toEqual([REASON.malformed, REASON.malformed]);
    expect([codeWith(3), codeWith(0x30)]).toEqual([REASON.protocolError, REASON.protocolError]);
  });

  test('is not shared with No Local [MQTT-3.8.3-4]', () => {
    expect(codeOf(5, packet(0x82, 0, 1, 0, field('$share/g/a'), 0x04))).toBe(REASON.protocolError);
  });

  test('has one subscription identifier, other than 0', () => {
    const withProperties = (...parts: readonly Part[]) => codeOf(5, packet(0x82, 0, 1, properties(...parts), field('a'), 0));
    expect(withProperties(0x0b, 0xff, 0xff, 0xff, 0x7f)).toBeUndefined();
    expect(withProperties(0x0b, 0)).toBe(REASON.protocolError);
    expect(withProperties(0x0b, 1, 0x0b, 2)).toBe(REASON.protocolError);
    expect(withProperties(0x0b, 0x81, 0)).toBe(REASON.malformed);
    expect(withProperties(0x0b, 0x80, 0x80, 0x80, 0x80)).toBe(REASON.malformed);
    expect(withProperties(0x1f, field('reason'))).toBe(REASON.malformed);
  });
});

describe('UNSUBSCRIBE', () => {
  test.each(VERSIONS)('of version %i gives its filters and has at least one [MQTT-3.10.3-2]', (version) => {
    const filters = [field('a/#'), field('$share/g/b')];
    expect(decodeOne(version, packet(0xa2, 1, 0, ...section(version), ...filters))).toEqual({
      type: 'unsubscribe',
      packetId: 256,
      filters: ['a/#', '$share/g/b'],
      properties: {},
    });
    expect(codeOf(version, packet(0xa2, 0, 1, ...section(version)))).toBe(REASON.protocolError);
    expect(codeOf(version, packet(0xa2, 0, 0, ...section(version), field('a')))).toBe(REASON.protocolError);
    expect(codeOf(version, packet(0xa2, 0, 1, ...section(version), field('a#')))).toBe(REASON.filterInvalid);
  });

  test('knows user properties alone', () => {
    expect(codeOf(5, packet(0xa2, 0, 1, properties(0x0b, 1), field('a')))).toBe(REASON.malformed);
    expect(decodeOne(5, packet(0xa2, 0, 1, properties(0x26, field('k'), field('v')), field('a')))).toMatchObject({
      properties: { userProperties: [['k', 'v']] },
    });
  });
});
