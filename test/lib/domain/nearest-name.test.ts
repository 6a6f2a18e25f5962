import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearestName } from '../../../src/lib/domain/nearest-name.ts';

test('counts insertions, deletions, replacements and swaps', () => {
  expect(editDistance('', '')).toBe(0);
  expect(editDistance('list', 'lits')).toBe(1);
  expect(editDistance('list', 'lst')).toBe(1);
  expect(editDistance('list', 'lists')).toBe(1);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});

test('is zero for equal texts alone, the same both ways, and never above the longer one', () => {
  assert(
    property(string({ maxLength: 12 }), string({ maxLength: 12 }), (one, other) => {
      const distance = editDistance(one, other);
      expect(distance === 0).toBe(one === other);
      expect(distance).toBe(editDistance(other, one));
      expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
    }),
  );
});

test('the nearestName is near', () => {
  expect(nearestName('--jsno', ['--output', '--json'])).toBe('--json');
  expect(nearestName('frobnicate', ['list', 'show'])).toBeUndefined();
});
