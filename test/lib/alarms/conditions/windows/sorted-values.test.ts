import fc from 'fast-check';
import { expect, test } from 'vitest';
import { robustDeviation } from '../../../../../src/lib/alarms/conditions/anomaly/deviation.ts';
import { createSortedValues } from '../../../../../src/lib/alarms/conditions/windows/sorted-values.ts';

function plainMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const numbers = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 })), { minLength: 1, maxLength: 60 });

test('median, median distance and mean distance are those of the textbook, while values come and go', () => {
  fc.assert(
    fc.property(numbers, fc.array(fc.nat(), { maxLength: 20 }), (values, removals) => {
      const sorted = createSortedValues();
      const left = [...values];
      for (const value of values) sorted.add(value);
      for (const removal of removals) {
        if (left.length === 1) break;
        const [gone] = left.splice(removal % left.length, 1);
        sorted.remove(gone ?? 0);
      }
      const median = sorted.median();
      expect(sorted.size).toBe(left.length);
      expect(median).toBeCloseTo(plainMedian(left), 6);
      expect(sorted.medianDistance(median)).toBeCloseTo(plainMedian(left.map((value) => Math.abs(value - median))), 6);
      expect(sorted.meanDistance(median)).toBeCloseTo(left.reduce((sum, value) => sum + Math.abs(value - median), 0) / left.length, 4);
    }),
    { numRuns: 2000 },
  );
});

test('what was never added is not removed', () => {
  const sorted = createSortedValues();
  for (const value of [1, 3]) sorted.add(value);
  for (const value of [0, 2, 4]) sorted.remove(value);
  expect(sorted.size).toBe(2);
});

test('the largest numbers do not overflow', () => {
  const sorted = createSortedValues();
  for (let index = 0; index < 4; index += 1) sorted.add(Number.MAX_VALUE);
  expect(sorted.median()).toBe(Number.MAX_VALUE);
});

test('the deviation of a normal distribution comes out as its standard deviation', () => {
  const sorted = createSortedValues();
  // Box and Muller's way, from a generator of its own so that the values are always the same.
  let state = 1;
  const uniform = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let index = 0; index < 20_000; index += 1) sorted.add(10 + 3 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
  expect(robustDeviation(sorted, sorted.median())).toBeCloseTo(3, 1);
});
