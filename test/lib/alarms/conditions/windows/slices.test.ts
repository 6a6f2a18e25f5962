import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSampleRing } from '../../../../../src/lib/alarms/conditions/windows/sample-ring.ts';
import { createSliceMeans } from '../../../../../src/lib/alarms/conditions/windows/slice-means.ts';

const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: -100, max: 100 })), { minLength: 1, maxLength: 200 }).map((steps) => {
  let time = 1_000_000;
  return steps.map(([gap, value]): readonly [number, number] => {
    time += gap;
    return [time, value];
  });
});

/** Of samples of the same time the last. */
function distinct(all: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  return all.filter(([time], index) => all[index + 1]?.[0] !== time);
}

test('a ring keeps the newest sample of each slice, and drops the oldest', () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 20 }), fc.nat(5), (all, slice, dropped) => {
      const ring = createSampleRing(slice);
      for (const [time, value] of all) ring.add(time, value);
      const kept = all.filter(([time], index) => Math.floor(time / slice) !== Math.floor((all[index + 1]?.[0] ?? Number.POSITIVE_INFINITY) / slice));
      for (let index = 0; index < dropped && ring.size > 1; index += 1) {
        ring.dropFirst();
        kept.shift();
      }
      expect(Array.from({ length: ring.size }, (_, index) => [ring.timeAt(index), ring.valueAt(index)])).toEqual(kept);
    }),
  );
});

test('slices have the means of the times and values of their samples, as many slices as the window has', () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 8 }), (all, slices) => {
      const sliceMs = 10;
      const means = createSliceMeans(slices * sliceMs, slices);
      for (const [time, value] of all) means.add(time, value);
      const newest = Math.floor((all.at(-1)?.[0] ?? 0) / sliceMs);
      const expected = new Map<number, (readonly [number, number])[]>();
      for (const sample of distinct(all)) {
        const slice = Math.floor(sample[0] / sliceMs);
        if (slice > newest - slices) expected.set(slice, [...(expected.get(slice) ?? []), sample]);
      }
      const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
      const plain = [...expected.values()].map((list) => [mean(list.map(([time]) => time)), mean(list.map(([, value]) => value))]);
      const found = Array.from({ length: means.closed.size }, (_, index) => [means.closed.timeAt(index), means.closed.valueAt(index)]);
      found.push([means.openTime, means.openValue]);
      expect(found.length).toBe(plain.length);
      for (const [index, [time, value]] of found.entries()) {
        expect(time).toBeCloseTo(plain[index]?.[0] ?? 0, 6);
        expect(value).toBeCloseTo(plain[index]?.[1] ?? 0, 6);
      }
    }),
  );
});
