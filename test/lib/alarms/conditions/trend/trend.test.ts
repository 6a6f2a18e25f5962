import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluationOf, problemsOf, ruleOf, type TimedValue, told } from '../../evaluations.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);

/** A battery: 3.7 V, and from day 10 on it loses 0.02 V a day, so that it comes to 3.2 V on day 35. */
function battery(days: number, everyMs: number, noise: (index: number) => number = () => 0): TimedValue[] {
  return Array.from({ length: Math.floor((days * DAY) / everyMs) }, (_, index): TimedValue => {
    const day = (index * everyMs) / DAY;
    return [START + index * everyMs, 3.7 - Math.max(0, day - 10) * 0.02 + noise(index)];
  });
}

const day = (text: string | undefined): number => (Number(text?.split(': ')[0]) - START) / DAY;
const BATTERY = {
  window: '7d',
  limit: 3.2,
  direction: 'below',
  levels: [
    { level: 'hi', within: '10d' },
    { level: 'hihi', within: '2d' },
  ],
} as const;

describe.each(['line', 'holt'] as const)('%s', (method) => {
  const rule = ruleOf({ trend: { ...BATTERY, method } });

  test('tells of a battery ten days and two days before it fails', () => {
    const changes = told(rule, battery(34.9, HOUR));
    expect(changes.map((text) => text.split(': ')[1])).toEqual(['hi', 'hihi']);
    expect(day(changes[0])).toBeCloseTo(25, 0);
    expect(day(changes[1])).toBeCloseTo(33, 0);
  });

  test('says nothing of one that is well', () => {
    expect(
      told(
        rule,
        battery(10, HOUR, (index) => Math.sin(index * 12.9898) * 0.01),
      ),
    ).toEqual([]);
  });

  test('does not mind bursts and gaps', () => {
    const all = battery(34.9, 60_000);
    const uneven = all.filter(([time]) => {
      const hour = Math.floor((time - START) / HOUR);
      return hour % 50 === 0 || (hour % 5 === 0 && (time - START) % HOUR === 0);
    });
    const changes = told(rule, uneven);
    expect(day(changes[0])).toBeGreaterThan(24.5);
    expect(day(changes[0])).toBeLessThan(25.5);
  });

  test('tells of it once, though the values tremble', () => {
    expect(
      told(
        rule,
        battery(30, HOUR, (index) => Math.sin(index * 12.9898) * 0.002),
      ),
    ).toHaveLength(1);
  });
});

test('it says when, and how fast', () => {
  const evaluation = evaluationOf(ruleOf({ trend: { window: '1d', limit: 100, direction: 'above', within: '1d', level: 'hi' } }));
  const change = Array.from({ length: 48 }, (_, index) => evaluation.sample(0, START + index * HOUR, 40 + index)).find((changes) => changes !== null)?.[0];
  expect(change?.explanation).toBe('time to 100: 23h < 1d (hi), leaves from 1d2h; now 77, 24 a day');
  expect(change).toMatchObject({ value: 77, to: 1 });
});

test('a value beyond the limit has reached it, whichever way it goes', () => {
  const rule = ruleOf({ trend: { window: '1d', limit: 10, direction: 'below', within: '1h', level: 'hi' } });
  expect(
    told(
      rule,
      Array.from({ length: 24 }, (_, index): TimedValue => [START + index * HOUR, 5 + index * 0.1]),
    ),
  ).toEqual([`${START + 12 * HOUR}: hi`]);
});

test('nothing is found before samples span half of the window', () => {
  const rule = ruleOf({ trend: { window: '1d', limit: 10, direction: 'below', within: '30d', level: 'hi' } });
  expect(
    told(
      rule,
      Array.from({ length: 11 }, (_, index): TimedValue => [START + index * HOUR, 20 - index]),
    ),
  ).toEqual([]);
});

test('the line is that of least squares', () => {
  // One sample a slice, so that the means are the samples.
  const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 80, maxLength: 120 });
  fc.assert(
    fc.property(values, (given) => {
      const evaluation = evaluationOf(ruleOf({ trend: { window: '128m', limit: 1000, direction: 'above', within: '1ms', level: 'hi' } }));
      for (const [index, value] of given.entries()) evaluation.sample(0, START + index * 60_000, value);
      const meanX = (given.length - 1) / 2;
      const meanY = given.reduce((sum, value) => sum + value, 0) / given.length;
      const slope = given.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0) / given.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
      const [, now = '', perDay = ''] = /now (\S+), (\S+) a day/.exec(evaluation.explain()) ?? [];
      expect(Number(now)).toBeCloseTo(meanY + slope * meanX, 2);
      expect(Number(perDay) / 1440).toBeCloseTo(slope, 2);
    }),
  );
});

test('a sooner time for a better level is refused, and so are two forms at once', () => {
  const refusals = (trend: object): readonly string[] =>
    problemsOf({ id: 'r', scope: { points: 'x' }, when: { trend: { window: '7d', limit: 1, direction: 'below', ...trend } } });
  expect(
    refusals({
      levels: [
        { level: 'minor', within: '1d' },
        { level: 'major', within: '2d' },
      ],
    }),
  ).toEqual(['when.trend.levels.1.within: `major` is the worse level: 2d must lie below 1d, or `minor` is never seen']);
  expect(refusals({ level: 'minor' })).toEqual(['when.trend: needs either `within` and `level`, or `levels`']);
  expect(refusals({ level: 'minor', within: '1d', levels: [] })).toContain('when.trend.levels: is empty');
  expect(refusals({ level: 'x', within: '1d' })[0]).toMatch(/^when\.trend\.level: `x` has no severity/);
});
