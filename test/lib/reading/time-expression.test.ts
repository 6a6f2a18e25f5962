import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instantOf, isoInZone, wallOf } from '../../../src/lib/domain/time-zone.ts';
import { checkTimeZone } from '../../../src/lib/reading/check-time-zone.ts';
import { parseRange, parseTime, readAbsoluteTime, readTime } from '../../../src/lib/reading/time-expression.ts';

const now = Date.parse('2026-11-22T16:30:00.000Z');
const utc = { now, timezone: 'UTC' };
const berlin = { now, timezone: 'Europe/Berlin' };
const iso = (text: string, context = utc): string | null => {
  const time = readTime(text, context);
  return time === null ? null : new Date(time).toISOString();
};

describe('a time', () => {
  test.each([
    ['now', '2026-11-22T16:30:00.000Z'],
    ['-2h', '2026-11-22T14:30:00.000Z'],
    ['-90s', '2026-11-22T16:28:30.000Z'],
    ['-1h30m', '2026-11-22T15:00:00.000Z'],
    ['+1d', '2026-11-23T16:30:00.000Z'],
    ['now-1d', '2026-11-21T16:30:00.000Z'],
    ['today', '2026-11-22T00:00:00.000Z'],
    ['Yesterday', '2026-11-21T00:00:00.000Z'],
    ['tomorrow', '2026-11-23T00:00:00.000Z'],
    ['today+6h', '2026-11-22T06:00:00.000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T10:00', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22 10:00:05', '2026-11-22T10:00:05.000Z'],
    ['2026-11-22T10:00:05.1239Z', '2026-11-22T10:00:05.123Z'],
    ['2026-11-22T10:00:05,5+01:00', '2026-11-22T09:00:05.500Z'],
    ['2026-11-22T10:00-0330', '2026-11-22T13:30:00.000Z'],
    ['1795365000', '2026-11-22T16:30:00.000Z'],
    ['1795365000000', '2026-11-22T16:30:00.000Z'],
    ['1795365000.25', '2026-11-22T16:30:00.250Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
  ])('%s', (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  test.each([
    '',
    'soon',
    '-',
    '-5',
    '2026-02-30',
    '2026-13-01',
    '2026-11-22T24:00',
    '2026-11-22T10:60',
    '2026-11-22T10',
    '22.11.2026',
    'now-',
    'today-x',
    '2026-11-22T10:00+25:00',
  ])('"%s" is none', (text) => {
    expect(iso(text)).toBeNull();
  });

  test('one without a zone is read in the given one', () => {
    expect(iso('2026-11-22T10:00', berlin)).toBe('2026-11-22T09:00:00.000Z');
    expect(iso('2026-07-22T10:00', berlin)).toBe('2026-07-22T08:00:00.000Z');
    expect(iso('today', berlin)).toBe('2026-11-21T23:00:00.000Z');
  });

  test('an hour that the clock skips is counted on; one that it passes twice is the first', () => {
    expect(iso('2026-03-29T02:30', berlin)).toBe('2026-03-29T01:30:00.000Z');
    expect(iso('2026-10-25T02:30', berlin)).toBe('2026-10-25T00:30:00.000Z');
  });

  test('the day after a change of the clock is 23 or 25 hours later', () => {
    const spring = { now: Date.parse('2026-03-29T12:00:00Z'), timezone: 'Europe/Berlin' };
    expect((readTime('tomorrow', spring) ?? 0) - (readTime('today', spring) ?? 0)).toBe(23 * 3_600_000);
    const autumn = { now: Date.parse('2026-10-25T12:00:00Z'), timezone: 'Europe/Berlin' };
    expect((readTime('tomorrow', autumn) ?? 0) - (readTime('today', autumn) ?? 0)).toBe(25 * 3_600_000);
  });

  test('a wrong one is a usage error with what may be written', () => {
    expect(() => parseTime('soon', utc)).toThrowError(expect.objectContaining({ code: 'usage', hint: expect.stringContaining('yesterday') }));
  });

  test('in a file, only absolute times count', () => {
    expect(readAbsoluteTime('yesterday', 'UTC')).toBeNull();
    expect(readAbsoluteTime('2013-07-04 01:00:00', 'UTC')).toBe(Date.UTC(2013, 6, 4, 1));
  });

  test('every instant written in any zone reads back as itself', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia', 'Australia/Lord_Howe'];
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2100, 0) }), fc.constantFrom(...zones), (time, timezone) => {
        expect(readTime(isoInZone(time, timezone), utc)).toBe(time);
      }),
    );
  });

  test('a wall clock time that exists once reads back as its instant', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2100, 0) }), (time) => {
        const again = instantOf(wallOf(time, 'America/New_York'), 'America/New_York');
        // The second passage of an autumn hour reads as the first.
        expect([0, -3_600_000]).toContain(again - time);
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readTime(text, berlin)).not.toThrow();
      }),
    );
  });
});

describe('a range', () => {
  const context = { ...utc, lastMs: 86_400_000 };

  test('is the last day unless told otherwise, with the sample of this millisecond', () => {
    expect(parseRange(undefined, undefined, context)).toEqual({ from: now - 86_400_000, to: now + 1 });
  });

  test('with an end alone begins so much before the end', () => {
    expect(parseRange(undefined, '2026-11-10', context)).toEqual({ from: Date.UTC(2026, 10, 9), to: Date.UTC(2026, 10, 10) });
  });

  test.each([
    ['now', '-1h'],
    ['2026-11-22', '2026-11-22'],
  ])('from %s to %s is empty and refused', (from, to) => {
    expect(() => parseRange(from, to, context)).toThrowError(expect.objectContaining({ code: 'usage' }));
  });
});

test('a zone that nobody knows is a usage error; local is the zone of the machine', () => {
  expect(() => checkTimeZone('Mars/Olympus')).toThrowError(expect.objectContaining({ code: 'usage' }));
  expect(checkTimeZone('utc')).toBe('UTC');
  expect(checkTimeZone('local')).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
