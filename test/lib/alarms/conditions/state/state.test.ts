import { describe, expect, test } from 'vitest';
import { nextUp } from '../../../../../src/lib/alarms/conditions/state/next-up.ts';
import type { JsonValue } from '../../../../../src/lib/domain/value.ts';
import { evaluationOf, problemsOf, ruleOf, type TimedValue, told } from '../../evaluations.ts';

const at = (...values: readonly JsonValue[]): TimedValue[] => values.map((value, index) => [index, value]);
const refusals = (state: JsonValue): readonly string[] => problemsOf({ id: 'r', scope: { points: 'x' }, when: { state } });

test('a state in the set holds, and kinds of values are not mixed up', () => {
  const rule = ruleOf({ state: { in: ['fault', 1], level: 'hi' } });
  expect(told(rule, at('run', 'fault', 'run', '1', true, 1, 'fault ', 'fault'))).toEqual(['1: hi', '2: normal', '5: hi', '6: normal', '7: hi']);
});

test('a state that is not in the set holds', () => {
  const rule = ruleOf({ state: { notIn: ['run', 'idle', false], level: 'hi' } });
  expect(told(rule, at('run', 'Run', 'idle', 0, false))).toEqual(['1: hi', '2: normal', '3: hi', '4: normal']);
});

test('the worst of several levels that hold is found', () => {
  const rule = ruleOf({
    state: {
      levels: [
        { level: 'hi', notIn: ['run'] },
        { level: 'hihi', in: ['fault'] },
      ],
    },
  });
  expect(told(rule, at('run', 'idle', 'fault', 'idle', 'run'))).toEqual(['1: hi', '2: hihi', '3: hi', '4: normal']);
});

describe('a change', () => {
  const rule = ruleOf({ state: { changed: true, for: '10s', level: 'hi' } });

  test('holds for a while, and each further one begins it anew; the first value is none', () => {
    expect(
      told(
        rule,
        [
          [0, 'a'],
          [1000, 'b'],
          [5000, 'c'],
          [6000, 'c'],
        ],
        60_000,
      ),
    ).toEqual(['1000: hi', '15000: normal']);
  });

  test('ends by the clock alone, at its time', () => {
    const evaluation = evaluationOf(rule);
    evaluation.sample(0, 0, 1);
    expect(evaluation.sample(0, 1000, 2)).toMatchObject([{ to: 1, explanation: '2 was 1 less than 10s ago (hi)' }]);
    expect(evaluation.dueAt).toBe(11_000);
    expect(evaluation.advance(20_000)).toMatchObject([{ time: 11_000, to: 0, value: null }]);
  });

  test('needs no sample of the same number', () => {
    const evaluation = evaluationOf(rule);
    evaluation.sample(0, 0, 5);
    expect([evaluation.quietLow, evaluation.quietHigh]).toEqual([5, nextUp(5)]);
    expect(evaluation.sample(0, 1, nextUp(5))).toMatchObject([{ to: 1 }]);
  });

  test('beside other levels: the one that still holds comes back when it ends', () => {
    const both = ruleOf({
      state: {
        levels: [
          { level: 'hihi', changed: true, for: '10ms' },
          { level: 'hi', in: ['b'] },
        ],
      },
    });
    expect(
      told(
        both,
        [
          [0, 'a'],
          [5, 'b'],
        ],
        100,
      ),
    ).toEqual(['5: hihi', '15: hi']);
  });
});

describe('bits', () => {
  const holds = (mask: JsonValue, ...values: readonly JsonValue[]): boolean[] => {
    const rule = ruleOf({ state: { ...(mask as object), level: 'hi' } });
    return values.map((value) => told(rule, [[0, value]]).length > 0);
  };

  test('one bit of the mask is enough', () => {
    expect(holds({ mask: 6 }, 0, 1, 2, 4, 6, 8, 9, 15)).toEqual([false, false, true, true, true, false, false, true]);
  });

  test('of the bits of the mask exactly those that are wanted', () => {
    expect(holds({ mask: 6, is: 4 }, 0, 4, 5, 6, 12, 13)).toEqual([false, true, true, false, true, true]);
    expect(holds({ mask: 6, is: 0 }, 0, 1, 4, 8)).toEqual([true, true, false, true]);
  });

  test('beyond the 32 bits that the operators of the language see, and in negative numbers', () => {
    expect(holds({ mask: 2 ** 40 }, 2 ** 40, 2 ** 40 + 1, 2 ** 39, 0)).toEqual([true, true, false, false]);
    expect(holds({ mask: 2 ** 31 }, 2 ** 31, 2 ** 32, -1, -(2 ** 31))).toEqual([true, false, true, true]);
    expect(holds({ mask: 1, is: 1 }, -1, -2)).toEqual([true, false]);
  });

  test('what is no whole number says nothing', () => {
    const evaluation = evaluationOf(ruleOf({ state: { mask: 1, level: 'hi' } }));
    evaluation.sample(0, 0, 1);
    for (const value of [0.5, 2 ** 60, 'x', true, null, [1]]) expect(evaluation.sample(0, 1, value)).toBeNull();
    expect([evaluation.level, evaluation.ignored]).toEqual([1, 6]);
  });
});

describe('the quiet range', () => {
  const quiet = (state: JsonValue): readonly number[] => {
    const { quietLow, quietHigh } = evaluationOf(ruleOf({ state }));
    return [quietLow, quietHigh];
  };

  test('of a set are the numbers below it, or above it when it begins at 0; of texts all numbers', () => {
    expect(quiet({ in: [3, 5], level: 'hi' })).toEqual([Number.NEGATIVE_INFINITY, 3]);
    expect(quiet({ in: [0, 5], level: 'hi' })).toEqual([nextUp(5), Number.POSITIVE_INFINITY]);
    expect(quiet({ in: ['x'], level: 'hi' })).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test('of what must be in a set is its least number', () => {
    expect(quiet({ notIn: [7, 3, 'x'], level: 'hi' })).toEqual([3, nextUp(3)]);
    expect(quiet({ notIn: ['x'], level: 'hi' })).toEqual([Number.NaN, Number.NaN]);
  });

  test('of several levels is what they have in common', () => {
    expect(
      quiet({
        levels: [
          { level: 'hi', in: [5] },
          { level: 'hihi', in: [9] },
        ],
      }),
    ).toEqual([Number.NEGATIVE_INFINITY, 5]);
    expect(
      quiet({
        levels: [
          { level: 'hi', mask: 1 },
          { level: 'hihi', in: [9] },
        ],
      }),
    ).toEqual([Number.NaN, Number.NaN]);
  });
});

test('the least number above another is the next one', () => {
  expect(nextUp(1)).toBe(1 + Number.EPSILON);
  expect(nextUp(0)).toBe(Number.MIN_VALUE);
  expect(nextUp(-0)).toBe(Number.MIN_VALUE);
  expect(nextUp(-Number.MIN_VALUE)).toBe(-0);
  expect(nextUp(-1)).toBe(-1 + Number.EPSILON / 2);
  expect(nextUp(Number.MAX_VALUE)).toBe(Number.POSITIVE_INFINITY);
});

test('tests that are none, or contradict each other, are refused', () => {
  expect(refusals({ level: 'minor' })).toEqual(['when.state: needs exactly one of `in`, `notIn`, `changed` and `mask`']);
  expect(refusals({ level: 'minor', in: [1], mask: 1 })).toEqual(['when.state: needs exactly one of `in`, `notIn`, `changed` and `mask`']);
  expect(refusals({ level: 'minor', changed: true })).toEqual(['when.state.for: is missing: how long does the level hold after a change?']);
  expect(refusals({ level: 'minor', in: [1], for: '10s' })).toEqual(['when.state.for: goes with `changed` only; a delay of the rule is `onDelay`']);
  expect(refusals({ level: 'minor', mask: 6, is: 1 })).toEqual(['when.state.is: has bits that are not in the mask 6: it could never be']);
  expect(refusals({ in: [1] })).toEqual(['when.state: needs either one `level` with its test, or `levels`']);
  expect(refusals({ in: [1], levels: [{ level: 'minor', in: [2] }] })).toEqual(['when.state.in: stands beside `levels`: put it into one of them']);
  expect(refusals({ level: 'minor', in: [] })).toEqual(['when.state.in: is empty']);
  expect(refusals({ level: 'minor', in: [[1]] })).toEqual(['when.state.in.0: is neither a text, nor a number, nor true or false']);
});
