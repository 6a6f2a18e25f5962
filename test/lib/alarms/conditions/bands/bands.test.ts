import { describe, expect, test } from 'vitest';
import { evaluationOf, problemsOf, ruleOf, type TimedValue, told } from '../../evaluations.ts';

const at = (...values: readonly number[]): TimedValue[] => values.map((value, index) => [index, value]);

test('bands are half-open: the high limit is beyond, the low one is not', () => {
  const rule = ruleOf({
    bands: [
      { level: 'hi', high: 80 },
      { level: 'lo', low: 5 },
    ],
  });
  expect(told(rule, at(79.999, 80))).toEqual(['1: hi']);
  expect(told(rule, at(5, 4.999))).toEqual(['1: lo']);
});

test('a level is left below its deadband when it is high, and from its deadband on when it is low', () => {
  const rule = ruleOf({
    bands: [
      { level: 'hi', high: 80, deadband: 2 },
      { level: 'lo', low: 5, deadband: 1 },
    ],
  });
  expect(told(rule, at(80, 79, 78, 77.9))).toEqual(['0: hi', '3: normal']);
  expect(told(rule, at(4, 5, 5.9, 6))).toEqual(['0: lo', '3: normal']);
});

test('a deadband in percent is of the limit, also of a negative one', () => {
  const rule = ruleOf({
    bands: [
      { level: 'hi', high: 80, deadband: '5%' },
      { level: 'lo', low: -20, deadband: '10%' },
    ],
  });
  expect(told(rule, at(80, 76, 75.9))).toEqual(['0: hi', '2: normal']);
  expect(told(rule, at(-21, -18.1, -18))).toEqual(['0: lo', '2: normal']);
});

test('the worst level that holds is found, upwards and downwards', () => {
  const rule = ruleOf({
    bands: [
      { level: 'hihi', high: 90, deadband: 2 },
      { level: 'hi', high: 80, deadband: 2 },
      { level: 'lo', low: 10 },
      { level: 'lolo', low: 5 },
    ],
  });
  expect(told(rule, at(85, 95, 89, 87, 70, 9, 4, 6, 50))).toEqual(['0: hi', '1: hihi', '3: hi', '4: normal', '5: lo', '6: lolo', '7: lo', '8: normal']);
});

test('each limit has its own memory: hi still stands at 79 when hihi is left', () => {
  const rule = ruleOf({
    bands: [
      { level: 'hi', high: 80, deadband: 2 },
      { level: 'hihi', high: 90, deadband: 2 },
    ],
  });
  expect(told(rule, at(95, 79, 77))).toEqual(['0: hihi', '1: hi', '2: normal']);
});

test('of the same severity the limit further out is the worse level, in whatever order they are written', () => {
  const rule = ruleOf(
    {
      bands: [
        { level: 'b', high: 90 },
        { level: 'a', high: 80 },
        { level: 'd', low: 1 },
        { level: 'c', low: 2 },
      ],
    },
    { severities: { a: 'major', b: 'major', c: 'major', d: 'major' } },
  );
  expect(told(rule, at(85, 95, 50, 1.5, 0))).toEqual(['0: a', '1: b', '2: normal', '3: c', '4: d']);
});

test('one level may have a high and a low limit', () => {
  const rule = ruleOf({ bands: [{ level: 'hi', high: 80, low: 5, deadband: 2 }] });
  expect(told(rule, at(80, 50, 4, 6, 7))).toEqual(['0: hi', '1: normal', '2: hi', '4: normal']);
});

test('a value that trembles around a limit makes one alarm when there is a deadband, and many without', () => {
  const trembling = at(...Array.from({ length: 100 }, (_, index) => 80 + Math.sin(index) * 0.9));
  const count = (deadband: number): number => told(ruleOf({ bands: [{ level: 'hi', high: 80, deadband }] }), trembling).length;
  expect(count(2)).toBe(1);
  expect(count(0)).toBeGreaterThan(20);
});

describe('the quiet range', () => {
  test('is from the highest low limit to the lowest high one while it is normal, and none otherwise', () => {
    const evaluation = evaluationOf(
      ruleOf({
        bands: [
          { level: 'hi', high: 80, deadband: 2 },
          { level: 'hihi', high: 90 },
          { level: 'lo', low: 5 },
        ],
      }),
    );
    expect([evaluation.quietLow, evaluation.quietHigh]).toEqual([5, 80]);
    evaluation.sample(0, 1, 80);
    expect([evaluation.quietLow, evaluation.quietHigh]).toEqual([Number.NaN, Number.NaN]);
    evaluation.sample(0, 2, 70);
    expect([evaluation.quietLow, evaluation.quietHigh]).toEqual([5, 80]);
  });

  test('is open at the side where there is no limit', () => {
    const evaluation = evaluationOf(ruleOf({ bands: [{ level: 'hi', high: 80 }] }));
    expect([evaluation.quietLow, evaluation.quietHigh]).toEqual([Number.NEGATIVE_INFINITY, 80]);
  });

  test('is none while a delay runs', () => {
    const evaluation = evaluationOf(ruleOf({ bands: [{ level: 'hi', high: 80 }] }, { onDelay: '1m' }));
    evaluation.sample(0, 1, 80);
    expect(evaluation.quietLow).toBeNaN();
  });
});

describe('contradictions are refused', () => {
  const refused = (...bands: { level: string; high?: number; low?: number; deadband?: number | string }[]): readonly string[] => {
    const severities = { hi: 'minor', hihi: 'critical', lo: 'minor' };
    const used = Object.fromEntries(Object.entries(severities).filter(([name]) => bands.some(({ level }) => level === name)));
    return problemsOf({ id: 'r', scope: { points: 'x' }, severities: used, when: { bands } });
  };

  test('a worse level that is reached before a better one', () => {
    expect(refused({ level: 'hi', high: 90 }, { level: 'hihi', high: 80 })).toEqual([
      'when.bands.1.high: `hihi` is the worse level: 80 must lie above 90, or `hi` is never seen',
    ]);
    expect(refused({ level: 'hi', high: 80 }, { level: 'hihi', high: 80 })).toHaveLength(1);
  });

  test('two limits of one level on one side', () => {
    expect(refused({ level: 'hi', high: 90 }, { level: 'hi', high: 80 })).toEqual(['when.bands.0.high: the level `hi` has two limits on this side: 80 and 90']);
  });

  test('limits between which nothing is normal', () => {
    expect(refused({ level: 'hi', high: 5 }, { level: 'lo', low: 5 })).toEqual(['when.bands.1.low: nothing is normal: `lo` holds below 5 and `hi` from 5']);
    expect(refused({ level: 'hi', high: 5, low: 6 })).toHaveLength(1);
  });

  test('a deadband that reaches over the normal values', () => {
    expect(refused({ level: 'hi', high: 10, deadband: 5 }, { level: 'lo', low: 5 })).toEqual([
      'when.bands.0.deadband: is too wide: `hi` would be left only where `lo` begins',
    ]);
    expect(refused({ level: 'hi', high: 10, deadband: 4.9 }, { level: 'lo', low: 5 })).toEqual([]);
  });

  test('an entry without a limit, a deadband that is none, a level without a severity', () => {
    expect(refused({ level: 'hi' })).toEqual(['when.bands.0: needs a limit: `high` or `low`']);
    expect(refused({ level: 'hi', high: 1, deadband: -1 }, { level: 'lo', low: 0, deadband: '5' })).toEqual([
      'when.bands.0.deadband: must be at least 0',
      'when.bands.1.deadband: is neither a number nor a percentage such as 5%',
    ]);
    expect(problemsOf({ id: 'r', scope: { points: 'x' }, when: { bands: [{ level: 'hi', high: 1 }] } })).toEqual([
      'when.bands.0.level: `hi` has no severity: say one in `severities`, or name the level critical, major, minor or warning',
    ]);
  });
});
