import { expect, test } from 'vitest';
import { evaluationOf, ruleOf, type TimedValue, told } from '../../evaluations.ts';

const MINUTE = 60_000;
const rule = ruleOf({
  rate: {
    over: '10m',
    levels: [
      { level: 'hi', high: 5, deadband: 1 },
      { level: 'lo', low: -5 },
    ],
  },
});
const minutes = (...samples: readonly (readonly [number, number])[]): TimedValue[] => samples.map(([minute, value]) => [minute * MINUTE, value]);

test('the change since the newest sample that is old enough counts, for a unit of time', () => {
  const evaluation = evaluationOf(rule);
  for (const [time, value] of minutes([0, 0], [5, 10], [10, 49.9])) expect(evaluation.sample(0, time, value)).toBeNull();
  expect(evaluation.sample(0, 15 * MINUTE, 60)).toEqual([
    { time: 15 * MINUTE, from: 0, to: 2, value: 60, explanation: '5/1m >= 5/1m (hi), leaves below 4/1m; from 10 to 60 in 10m' },
  ]);
});

test('a fall is found as well, and the deadband holds a level', () => {
  expect(told(rule, minutes([0, 100], [10, 50], [20, -1], [30, 50], [40, 91], [50, 130]))).toEqual(['1200000: lo', '1800000: hi', '3000000: normal']);
});

test('samples at unequal distances give the rate over the time between them', () => {
  expect(told(rule, minutes([0, 0], [14, 69]))).toEqual([]);
  expect(told(rule, minutes([0, 0], [14, 70]))).toEqual(['840000: hi']);
});

test('nothing is found before there is a sample that is old enough, nor after a gap; what was found stands', () => {
  expect(told(rule, minutes([0, 0], [9, 1000]))).toEqual([]);
  expect(told(rule, minutes([0, 0], [21, 1000]))).toEqual([]);
  expect(told(rule, minutes([0, 0], [10, 60], [40, 60], [49, 60], [50, 60]))).toEqual(['600000: hi', '3000000: normal']);
});

test('a sample of the same time takes the place of the one before', () => {
  expect(told(rule, minutes([0, 500], [0, 0], [10, 60]))).toEqual(['600000: hi']);
});

test('samples in quick succession fill no memory', () => {
  const evaluation = evaluationOf(rule);
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 300_000; index += 1) evaluation.sample(0, index * 10, Math.sin(index));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200_000);
});
