import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration, parsePositiveDuration } from '../../../src/lib/cli/parse-duration.ts';
import { formatAge, formatDuration, readDuration } from '../../../src/lib/domain/duration.ts';

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['1s', 1000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['1h30m', 5_400_000],
    ['1w2d3h4m5s6ms', 788_645_006],
    ['1.5h', 5_400_000],
    ['1.1s', 1100],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', 's', '1x', '-1s', '1m1h', '1s1s', '1h 30m', '1.5ms', '1e3s', '999999999d', '1.s'])('"%s" is none', (text) => {
    expect(readDuration(text)).toBeNull();
  });

  test('a wrong one is a usage error that shows what was written', () => {
    expect(() => parseDuration('soon')).toThrowError(expect.objectContaining({ code: 'usage', message: expect.stringContaining('soon') }));
  });

  test('a bucket of no width is refused', () => {
    expect(() => parsePositiveDuration('0s')).toThrowError(expect.objectContaining({ code: 'usage' }));
    expect(parsePositiveDuration('1ms')).toBe(1);
  });

  test('what is printed reads back as the same time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 * 365 * 86_400_000 }), (ms) => {
        expect(readDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  test('no text makes it throw or give anything but whole ms', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.smhdw-') }), (text) => {
        const ms = readDuration(text);
        expect(ms === null || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [61_000, '1m1s'],
  [3_600_000, '1h'],
  [90_061_000, '1d1h'],
  [15 * 365 * 86_400_000, '15y'],
  [-5000, '-5s'],
])('the age %i is told as %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
