import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { readBirth, readDeath, VITALS_BYTES_MAX } from '../../../src/lib/lifecycle/read-birth.ts';

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

describe('a birth', () => {
  it('keeps what it says, also what is not known here', () => {
    const birth = { ts: 5, model: 'GW-7', firmware: '2.4.1', boot: { reason: 'power', count: 3, volts: 12 }, health: ['modem/signal'], colour: 'red' };
    expect(readBirth(bytes(birth))).toEqual(birth);
    expect(readBirth(new Uint8Array())).toEqual({});
  });

  it('that is no object is one all the same, with what it says as text', () => {
    expect(readBirth(bytes('hello'))).toEqual({ text: 'hello' });
    expect(readBirth(bytes('{'))).toEqual({ text: '{' });
    expect(readBirth(bytes([1]))).toEqual({ text: '[1]' });
    expect(readBirth(new Uint8Array([0xff, 0x41]))).toEqual({ text: '\ufffdA' });
  });

  it.each([
    ['a time in words', { ts: 'now' }, 'invalid'],
    ['a point with a wildcard', { health: ['a/#'] }, 'invalid'],
    ['a long text', { model: 'x'.repeat(201) }, 'invalid'],
    ['too much', { x: 'x'.repeat(VITALS_BYTES_MAX) }, 'payload_too_large'],
  ])('that is %s is refused', (_, payload, code) => {
    expect(() => readBirth(bytes(payload))).toThrow(expect.objectContaining({ code }));
  });

  it('is an object or refused with a reason, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (payload) => {
        try {
          expect(typeof readBirth(payload)).toBe('object');
        } catch (error: unknown) {
          expect(error).toBeInstanceOf(MusterError);
        }
      }),
    );
  });
});

describe('a death', () => {
  it.each([
    ['{"reason":"battery empty"}', 'battery empty'],
    ['{"reason":""}', null],
    ['{"online":false}', null],
    ['gone', 'gone'],
    ['{broken', '{broken'],
    ['', null],
  ])('%s says %s', (payload, reason) => {
    expect(readDeath(bytes(payload))).toBe(reason);
  });
});
