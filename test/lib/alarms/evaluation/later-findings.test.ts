import { expect, test } from 'vitest';
import { type Condition, KEEP, LATER } from '../../../../src/lib/alarms/conditions/condition.ts';
import { createEvaluations } from '../../../../src/lib/alarms/create-evaluation.ts';
import type { Evaluation } from '../../../../src/lib/alarms/evaluation.ts';
import { SUBJECT } from '../evaluations.ts';

/** A condition that never knows at once, as a script in another thread. */
function evaluationOf(delays: { readonly onDelayMs?: number; readonly offDelayMs?: number } = {}): Evaluation {
  const condition: Condition = {
    kind: 'later',
    subject: 'point',
    points: [],
    levels: [{ name: 'hi', severity: 'minor' }],
    history: { samples: 0, durationMs: 0 },
    start: () => ({
      sample: () => LATER,
      dueAt: Number.POSITIVE_INFINITY,
      elapsed: () => KEEP,
      quietLow: Number.NaN,
      quietHigh: Number.NaN,
      explain: () => 'the script says so',
      save: () => null,
      restore: () => undefined,
      awaited: Promise.resolve(1),
    }),
  };
  return createEvaluations({ condition, onDelayMs: 0, offDelayMs: 0, repeat: null, ...delays })(SUBJECT);
}

test('a finding that comes later counts from the time of its sample', () => {
  const evaluation = evaluationOf();
  expect(evaluation.sample(0, 1000, 5)).toBeNull();
  expect(evaluation.later).toBeInstanceOf(Promise);
  expect(evaluation.found(1, 1000, 5)).toEqual([{ time: 1000, from: 0, to: 1, value: 5, explanation: 'the script says so' }]);
});

test('findings of samples that came meanwhile come in their order', () => {
  const evaluation = evaluationOf();
  evaluation.sample(0, 1000, 5);
  evaluation.sample(0, 2000, 1);
  expect(evaluation.found(1, 1000, 5)).toMatchObject([{ time: 1000, to: 1 }]);
  expect(evaluation.found(0, 2000, 1)).toMatchObject([{ time: 2000, to: 0 }]);
});

test('a delay does not end before a finding that would have cancelled it is known', () => {
  const evaluation = evaluationOf({ onDelayMs: 30_000 });
  evaluation.sample(0, 0, 5);
  evaluation.found(1, 0, 5);
  expect(evaluation.dueAt).toBe(30_000);
  evaluation.sample(0, 29_000, 1);
  expect(evaluation.dueAt).toBe(Number.POSITIVE_INFINITY);
  expect(evaluation.advance(40_000)).toBeNull();
  expect(evaluation.found(0, 29_000, 1)).toBeNull();
  expect(evaluation.level).toBe(0);
});

test('a delay that was over meanwhile ends when the finding is known, at its own time', () => {
  const evaluation = evaluationOf({ onDelayMs: 30_000 });
  evaluation.sample(0, 0, 5);
  evaluation.found(1, 0, 5);
  evaluation.sample(0, 29_000, 6);
  expect(evaluation.advance(40_000)).toBeNull();
  expect(evaluation.found(1, 29_000, 6)).toMatchObject([{ time: 30_000, to: 1 }]);
});

test('a script that fails says nothing', () => {
  const evaluation = evaluationOf();
  evaluation.sample(0, 1000, 5);
  expect(evaluation.found(KEEP, 1000, 5)).toBeNull();
  expect(evaluation.ignored).toBe(1);
  expect(evaluation.found(1, 1000, 5)).toBeNull();
});
