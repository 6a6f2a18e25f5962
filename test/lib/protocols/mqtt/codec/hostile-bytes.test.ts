import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PacketDecoder } from '../../../../../src/lib/protocols/mqtt/codec/decoder.ts';
import { encodeFailure } from '../../../../../src/lib/protocols/mqtt/codec/encode.ts';
import type { ClientPacket } from '../../../../../src/lib/protocols/mqtt/codec/packet.ts';
import { connect, field, join, packet, properties } from './bytes.ts';

const LIMITS = { packetBytesMax: 2_000, connectBytesMax: 500, topicAliasMax: 3 };
const RUNS = 1_000;

/** Takes all that can be taken and checks on the way what has to hold whatever comes. */
function survive(chunks: readonly Uint8Array[]): { readonly packets: ClientPacket[]; readonly decoder: PacketDecoder } {
  const decoder = new PacketDecoder(LIMITS);
  const packets: ClientPacket[] = [];
  let pushed = 0;
  for (const chunk of chunks) {
    pushed += chunk.length;
    decoder.push(Buffer.from(chunk));
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      packets.push(next);
      // Every packet has two bytes at least: more of them than bytes would be a loop without end.
      if (packets.length * 2 > pushed) throw new Error('more packets than bytes');
    }
    expect(decoder.bufferedBytes).toBeLessThanOrEqual(LIMITS.packetBytesMax);
    expect(decoder.next()).toBeNull();
  }
  if (decoder.failure !== null) {
    expect(decoder.bufferedBytes).toBe(0);
    expect(decoder.failure.reasonCode).toBeGreaterThanOrEqual(0x80);
    const answer = encodeFailure(decoder.failure);
    expect(answer === null).toBe(decoder.failure.version === null);
  }
  for (const one of packets) {
    if (one.type !== 'publish') continue;
    expect(one.topic).not.toMatch(/[+#\0]|^$/);
    expect(one.packetId > 0).toBe(one.qos > 0);
  }
  return { packets, decoder };
}

const begin = fc.constantFrom(connect(3), connect(4), connect(5), connect(5, { properties: properties(0x11, 0, 0, 0, 9, 0x15, field('m')) }));
const good = join(
  packet(0x3a, field('a/b'), 0, 7, properties(0x01, 1, 0x23, 0, 1, 0x26, field('k'), field('ä'), 0x02, 0, 0, 0, 9), 1, 2, 3),
  packet(0x30, field(''), properties(0x23, 0, 1), 4),
  packet(0x82, 0, 8, properties(0x0b, 5), field('a/+'), 1, field('$share/g/#'), 2),
  packet(0xa2, 0, 9, 0, field('a/+')),
  packet(0x40, 0, 7, 0x10, properties(0x1f, field('why'))),
  packet(0x62, 0, 9),
  packet(0xc0),
  packet(0xf0, 0x18, properties(0x15, field('m'), 0x16, field([1]))),
  packet(0x30, field('large'), 0, Buffer.alloc(1_500)),
  packet(0xe0, 4, properties(0x1f, field('bye'))),
);

/** Changes, removes or adds a byte here and there. */
const change = fc.record({
  at: fc.nat(10_000),
  kind: fc.constantFrom('set', 'flip', 'drop', 'add'),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
});
function changed(bytes: Buffer, changes: readonly { readonly at: number; readonly kind: string; readonly byte: number }[]): Buffer {
  const list = [...bytes];
  for (const { at, kind, byte } of changes) {
    const index = at % list.length;
    if (kind === 'drop') list.splice(index, 1);
    else if (kind === 'add') list.splice(index, 0, byte);
    else list[index] = kind === 'set' ? byte : (list[index] ?? 0) ^ (1 << (byte & 7));
  }
  return Buffer.from(list);
}

/** In pieces of these sizes, again and again. */
function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    list.push(bytes.subarray(at, at + size));
    at += size;
  }
  return list;
}

const sizes = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 5 });

describe('whatever bytes come, the decoder neither throws nor loops nor keeps more than its limit', () => {
  test('the sample is good as it is', () => {
    const start = connect(5, { properties: properties(0x15, field('m')) });
    expect(survive([join(start, good)]).packets.map(({ type }) => type)).toEqual([
      'connect',
      'publish',
      'publish',
      'subscribe',
      'unsubscribe',
      'puback',
      'pubrel',
      'pingreq',
      'auth',
      'publish',
      'disconnect',
    ]);
  });

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 6 }), (chunks) => void survive(chunks)),
      { numRuns: RUNS },
    );
  });

  test('random bytes behind a good CONNECT', () => {
    fc.assert(
      fc.property(begin, fc.nat(255), fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 6 }), (start, first, chunks) => {
        survive([join(start, first), ...chunks]);
      }),
      { numRuns: RUNS },
    );
  });

  test('random content in a good frame', () => {
    const first = fc.constantFrom(0x30, 0x32, 0x3d, 0x40, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xc0, 0xe0, 0xf0);
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 0, 0, 1, 1, 2, 0x0b, 0x1f, 0x26, 0x23, 97));
    fc.assert(
      fc.property(begin, fc.array(fc.tuple(first, fc.array(byte, { maxLength: 40 })), { maxLength: 4 }), sizes, (start, frames, cut) => {
        survive(pieces(join(start, ...frames.map(([type, body]) => packet(type, body))), cut));
      }),
      { numRuns: RUNS },
    );
  });

  test('good packets with changes, in pieces, end the same way however they are cut', () => {
    fc.assert(
      fc.property(begin, fc.array(change, { minLength: 1, maxLength: 4 }), sizes, (start, changes, cut) => {
        const bytes = changed(join(start, good), changes);
        const whole = survive([bytes.subarray(0, LIMITS.packetBytesMax), bytes.subarray(LIMITS.packetBytesMax)]);
        const cutUp = survive(pieces(bytes, cut));
        expect(cutUp.packets).toEqual(whole.packets);
        expect(cutUp.decoder.failure).toEqual(whole.decoder.failure);
        expect(cutUp.decoder.ended).toBe(whole.decoder.ended);
      }),
      { numRuns: RUNS },
    );
  });

  test('changed CONNECTs', () => {
    const full = connect(5, {
      flags: 0b1110_1110,
      properties: properties(0x11, 0, 0, 0, 1, 0x21, 0, 5, 0x26, field('k'), field('v')),
      payload: [field('me'), properties(0x18, 0, 0, 0, 1, 0x03, field('t')), field('will'), field('bye'), field('user'), field('secret')],
    });
    fc.assert(
      fc.property(fc.constantFrom(full, connect(3), connect(4)), fc.array(change, { minLength: 1, maxLength: 4 }), sizes, (bytes, changes, cut) => {
        survive(pieces(changed(bytes, changes), cut));
      }),
      { numRuns: RUNS },
    );
  });
});
