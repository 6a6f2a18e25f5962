import { beforeAll, describe, expect, it } from 'vitest';
import type { Decoded } from '../../../../src/lib/formats/format.ts';
import { type FormatChooser, loadFormats } from '../../../../src/lib/formats/registry.ts';

const NOW = 1_763_785_200_000;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('the SenML format', () => {
  let choose: FormatChooser;
  beforeAll(async () => {
    choose = await loadFormats();
  });
  const decode = (value: unknown, contentType: string | null = null, readingsMax = 100): Decoded | null =>
    choose(contentType, bytes(value))?.decode(bytes(value), { readingsMax, now: NOW }) ?? null;

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
});
