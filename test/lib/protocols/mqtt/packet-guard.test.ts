import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { PacketGuard } from '../../../../src/lib/protocols/mqtt/packet-guard.ts';

const MAX = 1_000;
const CONNECT: Packet = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'x', keepalive: 0 };
const connect = mqtt.generate(CONNECT);

const packet: fc.Arbitrary<Buffer> = fc
  .oneof(
    fc
      .record({
        topic: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }),
        payload: fc.uint8Array({ maxLength: 400 }),
        qos: fc.constantFrom(0, 1, 2),
      })
      .map(
        ({ topic, payload, qos }): Packet => ({
          cmd: 'publish',
          topic,
          payload: Buffer.from(payload),
          qos: qos as 0 | 1 | 2,
          messageId: 5,
          dup: false,
          retain: false,
        }),
      ),
    fc.constant<Packet>({ cmd: 'pingreq' }),
    fc.constant<Packet>({ cmd: 'pubrel', messageId: 3 }),
    fc.constant<Packet>({ cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: 'a', qos: 1 }] }),
  )
  .map((content) => mqtt.generate(content));

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

/** What passes the guard when every rest is offered again. */
function pass(guard: PacketGuard, chunks: readonly Buffer[], publishes = Number.POSITIVE_INFINITY): Buffer[] {
  const passed: Buffer[] = [];
  for (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0 && guard.violation === null && !guard.ended; ) {
      const end = guard.scan(rest, publishes);
      if (end > 0) passed.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  }
  return passed;
}

describe('the packet guard', () => {
  it('passes valid packets unchanged, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 30 }), (packets, places) => {
        const bytes = Buffer.concat([connect, ...packets]);
        const guard = new PacketGuard(MAX);
        expect(Buffer.concat(pass(guard, cut(bytes, places)))).toEqual(bytes);
        expect(guard.violation).toBeNull();
      }),
    );
  });

  it('says the same of a violation, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(), { maxLength: 30 }), (noise, places) => {
        const bytes = Buffer.concat([connect, noise]);
        const whole = new PacketGuard(50);
        const parts = new PacketGuard(50);
        pass(whole, [bytes]);
        pass(parts, cut(bytes, places));
        expect(parts.violation).toBe(whole.violation);
        expect(parts.ended).toBe(whole.ended);
      }),
    );
  });

  it('stops behind each CONNECT and the n-th PUBLISH', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (packets, publishes) => {
        const guard = new PacketGuard(MAX);
        const passed = pass(guard, [Buffer.concat([connect, ...packets])], publishes);
        expect(passed[0]).toEqual(connect);
        for (const part of passed.slice(1)) {
          let count = 0;
          const parser = mqtt.parser({ protocolVersion: 4 });
          parser.on('packet', ({ cmd }) => {
            if (cmd === 'publish') count++;
          });
          expect(parser.parse(part)).toBe(0);
          expect(count).toBeLessThanOrEqual(publishes);
        }
      }),
    );
  });

  it.each([
    ['a first packet that is no CONNECT', [0xc0, 0], 'first_not_connect'],
    ['HTTP', [...Buffer.from('GET / HTTP/1.1\r\n')], 'first_not_connect'],
    ['type 0', [...connect, 0x00, 0], 'reserved_type'],
    ['a packet that only servers send', [...connect, 0x20, 2, 0, 0], 'reserved_type'],
    ['a second CONNECT', [...connect, ...connect], 'second_connect'],
    ['a length of five bytes', [...connect, 0x30, 0x80, 0x80, 0x80, 0x80, 0x01], 'malformed_length'],
    ['SUBSCRIBE without a filter', [...connect, 0x82, 2, 0, 1], 'too_short'],
    ['a length beyond the limit, before any of the body', [...connect, 0x30, 0xff, 0xff, 0xff, 0x7f], 'too_large'],
  ])('finds %s', (_name, bytes, violation) => {
    const guard = new PacketGuard(MAX);
    pass(guard, [Buffer.from(bytes)]);
    expect(guard.violation).toBe(violation);
  });

  it('takes a packet of exactly the limit and none larger', () => {
    const payload = (length: number) => mqtt.generate({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(length), qos: 0, dup: false, retain: false });
    const fitting = payload(MAX - 6);
    expect(fitting).toHaveLength(MAX);
    const guard = new PacketGuard(MAX);
    pass(guard, [connect, fitting]);
    expect(guard.violation).toBeNull();
    pass(guard, [payload(MAX - 5)]);
    expect(guard.violation).toBe('too_large');
  });

  it('lets nothing through behind DISCONNECT', () => {
    const guard = new PacketGuard(MAX);
    const disconnect = Buffer.from([0xe0, 0]);
    expect(Buffer.concat(pass(guard, [connect, Buffer.concat([disconnect, Buffer.from([0xc0, 0])])]))).toEqual(Buffer.concat([connect, disconnect]));
    expect(guard.ended).toBe(true);
  });
});
