import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTick, timeTicks, valueAxis } from '../../../src/lib/reading/chart-axis.ts';

describe('the axis of values', () => {
  test.each([
    [0, 10, 6, [0, 2, 4, 6, 8, 10]],
    [3.7, 7.3, 6, [3, 4, 5, 6, 7, 8]],
    [-1, 1, 3, [-1, 0, 1]],
    [0.1, 0.3, 3, [0.1, 0.2, 0.3]],
    [20, 20, 5, [19, 19.5, 20, 20.5, 21]],
    [0, 0, 3, [-1, 0, 1]],
    // Steps of 3 and 4 where the usual ones would leave a third of the axis empty.
    [26, 104, 5, [20, 50, 80, 110]],
    [0, 16, 5, [0, 4, 8, 12, 16]],
    [-2, 10, 5, [-5, 0, 5, 10]],
  ])('%d to %d in at most %i ticks', (low, high, ticksMax, ticks) => {
    expect(valueAxis(low, high, ticksMax).ticks).toEqual(ticks);
  });

  test('holds the values, in few round ticks that can be told apart, for all numbers', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, fc.integer({ min: 2, max: 12 }), (a, b, ticksMax) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { ticks, step } = valueAxis(low, high, ticksMax);
        const slack = Math.max(Math.abs(low), Math.abs(high)) * 1e-9;
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(Math.max(3, ticksMax));
        expect(ticks[0]).toBeLessThanOrEqual(low + slack);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - slack);
        expect([...ticks].sort((one, other) => one - other)).toEqual(ticks);
        for (const tick of ticks) expect(formatTick(tick, step).length).toBeLessThanOrEqual(11);
      }),
    );
  });
});

describe('the axis of time', () => {
  const labels = (from: string, to: string, columns: number, timezone = 'UTC') =>
    timeTicks(Date.parse(from), Date.parse(to), columns, timezone).map(({ label }) => label);

  test('has round times, and says the date at midnight', () => {
    expect(labels('2026-11-21T15:20Z', '2026-11-22T15:20Z', 40)).toEqual(['18:00', '11-22', '06:00', '12:00']);
    expect(labels('2026-11-22T10:00:00Z', '2026-11-22T10:00:40Z', 50)).toEqual(['10:00:00', '10:00:10', '10:00:20', '10:00:30']);
    expect(labels('2026-11-01T00:00Z', '2026-11-30T00:00Z', 40)).toEqual(['11-02', '11-09', '11-16', '11-23']);
    expect(labels('2026-01-15T00:00Z', '2027-01-15T00:00Z', 60)).toEqual(['2026-04', '2026-07', '2026-10', '2027-01']);
    expect(labels('1990-01-15T00:00Z', '2027-01-15T00:00Z', 60)).toEqual(['1995', '2000', '2005', '2010', '2015', '2020', '2025']);
  });

  test('follows the clock on the wall, also over a change of it', () => {
    expect(labels('2026-03-28T23:00Z', '2026-03-29T10:30Z', 40, 'Europe/Berlin')).toEqual(['03-29', '03:00', '06:00', '09:00', '12:00']);
  });

  test('never has more labels than fit, and none outside', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 10, max: 1e12 }), fc.integer({ min: 20, max: 200 }), (from, span, columns) => {
        const ticks = timeTicks(from, from + span, columns, 'Europe/Berlin');
        expect(ticks.length).toBeLessThanOrEqual(columns / 6 + 1);
        for (const { time } of ticks) expect(time >= from && time < from + span).toBe(true);
      }),
    );
  });
});
