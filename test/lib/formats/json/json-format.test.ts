import { beforeAll, describe, expect, it } from 'vitest';
import type { Decoded } from '../../../../src/lib/formats/format.ts';
import { type FormatChooser, loadFormats } from '../../../../src/lib/formats/registry.ts';

const NOW = 1_763_785_200_000;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('the JSON format', () => {
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
});
