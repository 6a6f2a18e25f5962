import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PacketDecoder } from '../../../../../src/lib/protocols/mqtt/codec/decoder.ts';
import { REASON } from '../../../../../src/lib/protocols/mqtt/codec/reason-codes.ts';
import { waitUntil } from '../../../../helpers/wait-until.ts';
import { connect, decode, drain, failureOf, field, join, LIMITS, packet, VERSIONS } from './bytes.ts';

const PING = packet(0xc0);

describe('the order of packets', () => {
  test('a first packet that is not CONNECT is refused with its first byte, without a word [MQTT-3.1.0-1]', () => {
    for (let first = 0; first < 256; first++) {
      if (first >> 4 === 1) continue;
      const { packets, failure } = decode(Buffer.from([first]));
      expect(packets).toEqual([]);
      expect(failure).toMatchObject({ reasonCode: REASON.protocolError, version: null, beforeConnect: true });
    }
  });

  test.each(VERSIONS)('a second CONNECT of version %i is refused with its first byte [MQTT-3.1.0-2]', (version) => {
    const { packets, failure } = decode(join(connect(version), 0x10));
    expect(packets).toHaveLength(1);
    expect(failure).toMatchObject({ reasonCode: REASON.protocolError, version: version === 5 ? 5 : null, beforeConnect: false });
  });

  test.each(VERSIONS)('what follows DISCONNECT of version %i is dropped unread [MQTT-3.14.4-2]', (version) => {
    const decoder = new PacketDecoder(LIMITS);
    decoder.push(join(connect(version), packet(0xe0), 0xff, 0xff, 0xff));
    expect(drain(decoder).map(({ type }) => type)).toEqual(['connect', 'disconnect']);
    decoder.push(PING);
    expect(decoder.next()).toBeNull();
    expect(decoder).toMatchObject({ ended: true, failure: null, bufferedBytes: 0 });
  });

  test('after a failure nothing is taken and nothing kept', () => {
    const decoder = new PacketDecoder(LIMITS);
    decoder.push(join(connect(4), 0x00, PING));
    expect(drain(decoder)).toHaveLength(1);
    const { failure } = decoder;
    decoder.push(PING);
    expect(decoder.next()).toBeNull();
    expect(failure).not.toBeNull();
    expect(decoder.failure).toBe(failure);
    expect(decoder.bufferedBytes).toBe(0);
  });
});

describe('the first byte', () => {
  const FLAGS = new Map([
    [4, 0],
    [5, 0],
    [6, 2],
    [7, 0],
    [8, 2],
    [10, 2],
    [12, 0],
    [14, 0],
  ]);

  test.each(VERSIONS)('reserved flags, types of servers and reserved types are refused at once in version %i [MQTT-2.1.3-1]', (version) => {
    for (let first = 0; first < 256; first++) {
      const [type, flags] = [first >> 4, first & 15];
      const isPublish = type === 3 && (flags & 6) !== 6 && (flags & 14) !== 8;
      // MQTT 3.1 reserves no flags.
      const isLenient = version === 3 && FLAGS.has(type);
      const isFine = isPublish || isLenient || FLAGS.get(type) === flags || (version === 5 && first === 0xf0);
      expect([first, failureOf(version, Buffer.from([first])) === null]).toEqual([first, isFine]);
    }
  });

  test('what only servers send is a protocol error, what nobody may send is malformed', () => {
    for (const first of [0x20, 0x90, 0xb0, 0xd0]) expect(failureOf(5, Buffer.from([first]))?.reasonCode).toBe(REASON.protocolError);
    for (const first of [0x00, 0x36, 0x38, 0x60, 0x80, 0xa0, 0xc1, 0xe1, 0xf1]) expect(failureOf(5, Buffer.from([first]))?.reasonCode).toBe(REASON.malformed);
    expect(failureOf(4, Buffer.from([0xf0]))?.reasonCode).toBe(REASON.malformed);
  });
});

describe('the length', () => {
  test('of five bytes is malformed with its fourth', () => {
    expect(failureOf(4, Buffer.from([0x30, 0x80, 0x80, 0x80]))).toBeNull();
    expect(failureOf(4, Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))?.reasonCode).toBe(REASON.malformed);
    expect(decode(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff])).failure?.reasonCode).toBe(REASON.malformed);
  });

  test('beyond the limit is too large as soon as it is known', () => {
    const { packetBytesMax } = LIMITS;
    const body = packetBytesMax - 3;
    const header = (length: number) => Buffer.from([0x30, (length & 127) | 128, length >> 7]);
    expect(failureOf(5, header(body))).toBeNull();
    expect(failureOf(5, header(body + 1))).toMatchObject({ reasonCode: REASON.packetTooLarge, version: 5 });
    expect(failureOf(4, header(body + 1))).toMatchObject({ reasonCode: REASON.packetTooLarge, version: null });
  });

  test('of CONNECT has a limit of its own', () => {
    const text = 'x'.repeat(LIMITS.connectBytesMax - 15);
    const fits = connect(4, { payload: [field(text)] });
    expect(fits).toHaveLength(LIMITS.connectBytesMax);
    expect(decode(fits).packets).toHaveLength(1);
    const { failure } = decode(connect(4, { payload: [field(`${text}x`)] }).subarray(0, 3));
    expect(failure).toMatchObject({ reasonCode: REASON.packetTooLarge, beforeConnect: true, version: null });
  });

  test('longer than it needs to be is malformed in MQTT 5 alone [MQTT-1.5.5-1]', () => {
    const padded = Buffer.from([0xc0, 0x80, 0x00]);
    expect(failureOf(5, padded)?.reasonCode).toBe(REASON.malformed);
    for (const version of [3, 4] as const) expect(failureOf(version, padded)).toBeNull();
    const pad = (bytes: Buffer) => join(0x10, (bytes[1] ?? 0) | 0x80, 0, bytes.subarray(2));
    expect(decode(pad(connect(5))).failure).toMatchObject({ reasonCode: REASON.malformed, version: 5 });
    expect(decode(pad(connect(4))).packets).toHaveLength(1);
  });

  test.each(VERSIONS)('that does not fit the content is malformed in version %i', (version) => {
    const section = version === 5 ? [0] : [];
    const whole = [
      packet(0x30, field('a'), ...section),
      packet(0x32, field('a'), 0, 1, ...section),
      packet(0x40, 0, 1),
      packet(0x62, 0, 1),
      packet(0x82, 0, 1, ...section, field('a'), 0),
      packet(0xa2, 0, 1, ...section, field('a')),
    ];
    for (const bytes of whole) {
      expect(failureOf(version, bytes)).toBeNull();
      const shorter = packet(bytes[0] ?? 0, bytes.subarray(2, bytes.length - 1));
      // What stands behind does not belong to it.
      for (const end of [Buffer.alloc(0), PING]) expect([shorter, failureOf(version, join(shorter, end))]).not.toEqual([shorter, null]);
    }
    expect(failureOf(version, packet(0xc0, 0))?.reasonCode).toBe(REASON.malformed);
    for (const first of [0x30, 0x40, 0x62, 0x82, 0xa2]) expect(failureOf(version, packet(first))?.reasonCode).toBe(REASON.malformed);
    expect(failureOf(version, packet(0x82, 0, 1, ...section, 0))?.reasonCode).toBe(REASON.malformed);
  });
});

describe('bytes in pieces', () => {
  const stream = join(
    connect(5),
    packet(0x32, field('a/b'), 0, 7, 0, Buffer.alloc(1_400, 'payload')),
    packet(0x82, 0, 8, 0, field('a/+'), 1),
    PING,
    packet(0x40, 0, 9, 0x10),
    packet(0x30, field('a/b'), 0),
  );

  test('any splitting gives the same packets', () => {
    const { packets } = decode(stream);
    expect(packets.map(({ type }) => type)).toEqual(['connect', 'publish', 'subscribe', 'pingreq', 'puback', 'publish']);
    const cuts = fc.array(fc.nat(stream.length), { maxLength: 30 }).map((list) => [0, ...list.toSorted((a, b) => a - b), stream.length]);
    fc.assert(
      fc.property(cuts, fc.boolean(), (at, drainsLate) => {
        const decoder = new PacketDecoder(LIMITS);
        const found = at.slice(1).flatMap((end, index) => {
          decoder.push(Buffer.from(stream.subarray(at[index], end)));
          return drainsLate ? [] : drain(decoder);
        });
        expect([...found, ...drain(decoder)]).toEqual(packets);
        expect(decoder).toMatchObject({ failure: null, bufferedBytes: 0 });
      }),
    );
  });

  test('one byte at a time gives the same packets', () => {
    const decoder = new PacketDecoder(LIMITS);
    const found = [...stream].flatMap((byte) => {
      decoder.push(Buffer.from([byte]));
      return drain(decoder);
    });
    expect(found).toEqual(decode(stream).packets);
  });

  test('nothing is reserved for what is only announced, and what came is counted', () => {
    const decoder = new PacketDecoder({ ...LIMITS, packetBytesMax: 268_435_460 });
    decoder.push(connect(4));
    drain(decoder);
    const before = process.memoryUsage().arrayBuffers;
    decoder.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    expect(decoder.next()).toBeNull();
    decoder.push(Buffer.alloc(1_000));
    expect(decoder.next()).toBeNull();
    expect(decoder.bufferedBytes).toBe(1_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test('a packet within one chunk is not copied; one that came in pieces no longer holds them', () => {
    const bytes = join(connect(4), packet(0x30, field('a'), 1, 2, 3));
    const [, whole] = decode(bytes).packets;
    expect(whole?.type === 'publish' && whole.payload.buffer).toBe(bytes.buffer);
    const decoder = new PacketDecoder(LIMITS);
    decoder.push(bytes.subarray(0, -1));
    drain(decoder);
    decoder.push(bytes.subarray(-1));
    const [joined] = drain(decoder);
    expect(joined?.type === 'publish' && joined.payload).toEqual(Buffer.from([1, 2, 3]));
    bytes.fill(0);
    expect(joined?.type === 'publish' && joined.payload).toEqual(Buffer.from([1, 2, 3]));
  });

  test('a packet in many small pieces is copied few times', () => {
    const decoder = new PacketDecoder({ ...LIMITS, packetBytesMax: 100_000 });
    const bytes = join(connect(4), packet(0x30, field('a'), Buffer.alloc(50_000)));
    const allocate = vi.spyOn(Buffer, 'allocUnsafe');
    onTestFinished(() => allocate.mockRestore());
    for (let at = 0; at < bytes.length; at++) {
      decoder.push(bytes.subarray(at, at + 1));
      decoder.next();
    }
    expect(decoder).toMatchObject({ failure: null, bufferedBytes: 0 });
    expect(allocate.mock.calls.length).toBeGreaterThan(1);
    expect(allocate.mock.calls.length).toBeLessThan(20);
  });

  test('an idle connection keeps nothing of what it read', async () => {
    const decoder = new PacketDecoder(LIMITS);
    const pushAll = () => {
      const chunk = Buffer.alloc(65_536);
      const used = join(connect(4), PING).copy(chunk);
      decoder.push(chunk.subarray(0, used));
      drain(decoder);
      return new WeakRef(chunk.buffer);
    };
    const memory = pushAll();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await waitUntil(() => {
      collect();
      return memory.deref() === undefined;
    }, 'the chunk is let go of');
    expect(decoder.failure).toBeNull();
  });

  test('packets that nobody takes wait', () => {
    const decoder = new PacketDecoder(LIMITS);
    decoder.push(join(connect(4), PING));
    expect(decoder.next()?.type).toBe('connect');
    expect(decoder.bufferedBytes).toBe(PING.length);
    decoder.push(packet(0xe0));
    expect(decoder.bufferedBytes).toBe(4);
    expect(drain(decoder).map(({ type }) => type)).toEqual(['pingreq', 'disconnect']);
  });
});
