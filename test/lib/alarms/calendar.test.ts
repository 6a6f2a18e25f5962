import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Calendar, inForce, nextChange } from '../../../src/lib/alarms/calendar.ts';
import { type CalendarSpec, parseCalendar } from '../../../src/lib/alarms/parse-calendar.ts';

function calendar(active: readonly string[], timezone = 'Europe/Berlin', except: readonly string[] = []): Calendar {
  const parsed = parseCalendar({ timezone, active, except });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.calendar;
}

const problems = (spec: Partial<CalendarSpec>): readonly string[] => {
  const parsed = parseCalendar({ timezone: 'UTC', active: [], except: [], ...spec });
  return parsed.ok ? [] : parsed.problems.map(({ path }) => path);
};
const at = (iso: string): number => Date.parse(iso);
const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
/** All changes from here on, as `in` or `out` and when. */
function changes(one: Calendar, from: string, count: number): string[] {
  const found: string[] = [];
  let time: number | null = at(from);
  while (found.length < count) {
    time = nextChange(one, time);
    if (time === null) break;
    found.push(`${inForce(one, time) ? 'in' : 'out'} ${iso(time)}`);
  }
  return found;
}

describe('reading a calendar', () => {
  test.each([
    [['mon 08:00-18:00'], [[480, 1080]]],
    [
      ['mon-tue 08:00-09:30'],
      [
        [480, 570],
        [1920, 2010],
      ],
    ],
    [['sat,Sunday'], [[7200, 10_080]]],
    [
      ['sun 22:00-06:00'],
      [
        [0, 360],
        [9960, 10_080],
      ],
    ],
    [
      ['sun-mon 10:00-11:00'],
      [
        [600, 660],
        [9240, 9300],
      ],
    ],
    [['mon 08:00-12:00', 'mon 12:00-18:00', 'mon 9:00-10:00'], [[480, 1080]]],
    [['mon-sun'], []],
    [['00:00-24:00'], []],
    [[], []],
  ])('%j', (active, spans) => {
    expect(calendar(active).spans).toEqual(spans.map(([from, to]) => ({ from, to })));
  });

  test('says all that is wrong at once', () => {
    expect(
      problems({
        timezone: 'Mars/Base',
        active: ['mon 08:00-18:00', 'someday 08:00-09:00', 'mon 25:00-26:00', 'mon 08:00-08:00', '08:00', 'mon 8-9 x', '08:00-09:00 mon'],
        except: ['2026-02-30', '2026-12-25'],
      }),
    ).toEqual(['timezone', 'active.1', 'active.2', 'active.3', 'active.4', 'active.5', 'active.6', 'except.0']);
  });

  test('never fails on any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (timezone, active, day) => {
        expect(typeof parseCalendar({ timezone, active: [active], except: [day] }).ok).toBe('boolean');
      }),
    );
  });
});

describe('a calendar', () => {
  test('is in force from the first minute to before the last', () => {
    const office = calendar(['mon-fri 08:00-18:00']);
    expect(inForce(office, at('2026-11-23T07:59:59+01:00'))).toBe(false);
    expect(inForce(office, at('2026-11-23T08:00:00+01:00'))).toBe(true);
    expect(inForce(office, at('2026-11-23T17:59:59+01:00'))).toBe(true);
    expect(inForce(office, at('2026-11-23T18:00:00+01:00'))).toBe(false);
    expect(inForce(office, at('2026-11-22T12:00:00+01:00'))).toBe(false);
    expect(changes(office, '2026-11-20T12:00:00+01:00', 3)).toEqual([
      'out 2026-11-20T17:00:00.000Z',
      'in 2026-11-23T07:00:00.000Z',
      'out 2026-11-23T17:00:00.000Z',
    ]);
  });

  test('goes over midnight, and leaves away days of its zone', () => {
    const nights = calendar(['mon-sun 22:00-06:00'], 'Europe/Berlin', ['2026-12-25']);
    expect(changes(nights, '2026-12-24T12:00:00+01:00', 4)).toEqual([
      'in 2026-12-24T21:00:00.000Z',
      'out 2026-12-24T23:00:00.000Z',
      'in 2026-12-25T23:00:00.000Z',
      'out 2026-12-26T05:00:00.000Z',
    ]);
  });

  test('that is always in force never changes, but for days that are left away', () => {
    expect(nextChange(calendar([]), at('2026-11-22T00:00:00Z'))).toBeNull();
    const all = calendar([], 'UTC', ['2126-12-25', '2026-12-25', '2026-12-26']);
    expect(changes(all, '2026-11-22T00:00:00Z', 9)).toEqual([
      'out 2026-12-25T00:00:00.000Z',
      'in 2026-12-27T00:00:00.000Z',
      'out 2126-12-25T00:00:00.000Z',
      'in 2126-12-26T00:00:00.000Z',
    ]);
  });

  test('keeps to the wall clock when summer time begins and ends', () => {
    const office = calendar(['mon-sun 08:00-18:00']);
    expect(changes(office, '2026-03-28T20:00:00Z', 2)).toEqual(['in 2026-03-29T06:00:00.000Z', 'out 2026-03-29T16:00:00.000Z']);
    expect(changes(office, '2026-10-24T20:00:00Z', 2)).toEqual(['in 2026-10-25T07:00:00.000Z', 'out 2026-10-25T17:00:00.000Z']);
  });

  test('begins at the jump when the clock skips its first minute', () => {
    expect(changes(calendar(['sun 02:30-04:00']), '2026-03-28T20:00:00Z', 2)).toEqual(['in 2026-03-29T01:00:00.000Z', 'out 2026-03-29T02:00:00.000Z']);
    // All of it is skipped: the next one is a week later.
    expect(changes(calendar(['sun 02:15-02:45']), '2026-03-28T20:00:00Z', 1)).toEqual(['in 2026-04-05T00:15:00.000Z']);
  });

  test('takes the first of two equal times in autumn, and does not flap', () => {
    expect(changes(calendar(['sun 02:30-08:00']), '2026-10-24T20:00:00Z', 2)).toEqual(['in 2026-10-25T00:30:00.000Z', 'out 2026-10-25T07:00:00.000Z']);
    expect(changes(calendar(['sun 00:00-02:30']), '2026-10-24T20:00:00Z', 2)).toEqual(['in 2026-10-24T22:00:00.000Z', 'out 2026-10-25T00:30:00.000Z']);
  });

  test('knows days without a midnight', () => {
    // Cairo: 2026-04-24 begins at 01:00.
    const day = calendar(['fri'], 'Africa/Cairo');
    expect(changes(day, '2026-04-23T12:00:00Z', 2)).toEqual(['in 2026-04-23T22:00:00.000Z', 'out 2026-04-24T21:00:00.000Z']);
  });

  const specs = fc.record({
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Havana', 'Asia/Kathmandu'),
    active: fc.array(
      fc
        .tuple(fc.constantFrom('mon', 'fri-mon', 'sat,sun', 'mon-sun', 'wed'), fc.nat(23), fc.constantFrom('00', '30', '59'), fc.nat(23))
        .map(([days, from, minute, to]) => `${days} ${from}:${minute}-${to}:15`),
      { maxLength: 3 },
    ),
    except: fc.array(fc.constantFrom('2026-03-29', '2026-10-25', '2026-11-01', '2026-04-24', '2026-10-26'), { maxLength: 3 }),
  });
  // Around the changes of these zones.
  const times = fc
    .constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-04-24', '2026-10-04', '2026-10-25', '2026-10-30', '2026-11-01')
    .chain((date) => fc.integer({ min: -72 * 3600, max: 72 * 3600 }).map((seconds) => at(`${date}T00:00:00Z`) + seconds * 1000));

  test('changes exactly when it says it will next', () => {
    fc.assert(
      fc.property(specs, times, (spec, time) => {
        const parsed = parseCalendar(spec);
        if (!parsed.ok) return;
        const one = parsed.calendar;
        const next = nextChange(one, time);
        const now = inForce(one, time);
        const end = Math.min(next ?? Number.POSITIVE_INFINITY, time + 8 * 86_400_000);
        for (let probe = time; probe < end; probe += 41 * 60_000) expect(inForce(one, probe)).toBe(now);
        if (next === null) return;
        expect(next).toBeGreaterThan(time);
        expect(inForce(one, next - 1)).toBe(now);
        expect(inForce(one, next)).toBe(!now);
      }),
      { numRuns: 60 },
    );
  });
});
