import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Decoded } from '../../../src/lib/formats/format.ts';
import { type FormatChooser, loadFormats } from '../../../src/lib/formats/registry.ts';

const NOW = 1_763_785_200_000;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('payload formats', () => {
  let choose: FormatChooser;
  beforeAll(async () => {
    choose = await loadFormats();
  });
  const decode = (value: unknown, contentType: string | null = null, readingsMax = 100): Decoded | null =>
    choose(contentType, bytes(value))?.decode(bytes(value), { readingsMax, now: NOW }) ?? null;

  it('takes a timed object, a list of them and a bare object', () => {
    expect(decode({ ts: NOW, values: { 'boiler/temperature': 71.4, on: true } })).toEqual({
      ok: true,
      readings: [
        { path: 'boiler/temperature', value: 71.4, time: NOW, quality: 'good', unit: null },
        { path: 'on', value: true, time: NOW, quality: 'good', unit: null },
      ],
    });
    expect(decode([{ ts: 1, values: { a: 1 } }, { values: { a: 2 }, quality: 'bad' }, { b: 'x' }])).toMatchObject({
      ok: true,
      readings: [
        { path: 'a', time: 1 },
        { path: 'a', time: null, quality: 'bad' },
        { path: 'b', value: 'x', time: null },
      ],
    });
    expect(decode({ state: { mode: 'eco' }, none: null })).toMatchObject({ ok: true, readings: [{ value: { mode: 'eco' } }, { value: null }] });
  });

  it.each([
    ['', null],
    ['hello', null],
    ['{"a": 1', /not JSON/],
    ['[]', /empty/],
    ['[1]', /expected an object/],
    ['{}', /no value/],
    [{ ts: 'now', values: { a: 1 } }, /"ts" must be/],
    [{ ts: 1, values: { a: 1 }, extra: 2 }, /unknown key "extra"/],
    [{ values: { a: 1 }, quality: 'fine' }, /"quality" must be one of/],
  ])('refuses %j with a reason', (payload, reason) => {
    const decoded = decode(payload);
    if (reason === null) expect(decoded).toBeNull();
    else expect(decoded).toMatchObject({ ok: false, code: 'undecodable', reason: expect.stringMatching(reason) });
  });

  it('refuses bytes that are not UTF-8 and messages with too many values', () => {
    const broken = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    expect(choose(null, broken)?.decode(broken, { readingsMax: 10, now: NOW })).toMatchObject({ ok: false, reason: expect.stringMatching(/UTF-8/) });
    expect(decode({ a: 1, b: 2, c: 3 }, null, 2)).toMatchObject({ ok: false, code: 'too_many_readings' });
  });

  it('takes the examples of RFC 8428 section 5', () => {
    const pack = [
      { bn: 'urn:dev:ow:10e2073a0108006:', bt: 1.276020076001e9, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1 },
      { n: 'current', t: -5, v: 1.2 },
      { n: 'current', v: 1.7 },
    ];
    expect(decode(pack)).toEqual({
      ok: true,
      readings: [
        { path: 'urn:dev:ow:10e2073a0108006:voltage', value: 120.1, time: 1_276_020_076_001, quality: 'good', unit: 'V' },
        { path: 'urn:dev:ow:10e2073a0108006:current', value: 1.2, time: 1_276_020_071_001, quality: 'good', unit: 'A' },
        { path: 'urn:dev:ow:10e2073a0108006:current', value: 1.7, time: 1_276_020_076_001, quality: 'good', unit: 'A' },
      ],
    });
    expect(
      decode([
        { n: 'label', vs: 'Machine Room' },
        { n: 'open', vb: false },
        { n: 'nfc', vd: 'aGkgCg' },
        { n: 'old', t: -60, v: 1 },
      ]),
    ).toMatchObject({
      ok: true,
      readings: [{ value: 'Machine Room', time: null }, { value: false }, { value: 'aGkgCg' }, { time: NOW - 60_000 }],
    });
  });

  it.each([
    [[{ n: 'a', v: 'x' }], /v must be a number/],
    [[{ bver: 11, n: 'a', v: 1 }], /version 11/],
    [[{ n: 'a', v: 1, must_: 1 }], /must be understood/],
    [[{ n: 'a', s: 1 }], /sums/],
    [[{ n: 'a' }], /no value/],
    [{ n: 'a', v: 1 }, /list of records/],
  ])('refuses SenML %j with a reason', (pack, reason) => {
    expect(decode(pack, 'application/senml+json')).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('lets the content type decide and knows no format for a foreign one', () => {
    expect(choose('application/senml+json; charset=utf-8', bytes('{}'))).not.toBeNull();
    expect(choose('application/xml', bytes('{"a":1}'))).toBeNull();
    expect(decode([{ n: 'a', v: 1 }], 'application/json')).toMatchObject({ readings: [{ path: 'a', value: 1 }] });
    expect(decode({ a: 1 }, 'application/x-www-form-urlencoded')).toMatchObject({ readings: [{ path: 'a' }] });
  });

  it('never throws on any bytes or any JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytes)),
        fc.constantFrom(null, 'application/json', 'application/senml+json'),
        (payload, type) => {
          const decoded = choose(type, payload)?.decode(payload, { readingsMax: 10, now: NOW });
          if (decoded && !decoded.ok) expect(decoded.reason.length).toBeGreaterThan(5);
        },
      ),
    );
  });
});
