import { expect, test } from 'vitest';
import { LargeMap } from '../../../src/lib/fleet/large-map.ts';

test('a large map keeps what a map keeps, small and large, whatever its keys end with', () => {
  const large = new LargeMap<number>();
  const plain = new Map<string, number>();
  const keyOf = (number: number) => (number % 3 === 0 ? `${number}-same-end` : number % 3 === 1 ? String(number) : `é${number}`);
  for (let number = 0; number < 60_000; number++) {
    large.set(keyOf(number), number);
    plain.set(keyOf(number), number);
    if (number % 7 === 0) expect(large.delete(keyOf(number - 3))).toBe(plain.delete(keyOf(number - 3)));
    if (number % 1_000 === 0) large.set(keyOf(number), -number);
    if (number % 1_000 === 0) plain.set(keyOf(number), -number);
  }
  expect(large.size).toBe(plain.size);
  for (const [key, value] of plain) if (large.get(key) !== value) expect(large.get(key)).toBe(value);
  expect([...large.values()].sort()).toEqual([...plain.values()].sort());
  expect([large.get(''), large.get('nothing'), large.delete('nothing')]).toEqual([undefined, undefined, false]);
});
