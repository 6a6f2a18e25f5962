import { expect, test } from 'vitest';
import { batches } from '../../../src/lib/cli/batches.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test('fills batches from a fast source and keeps the order', async () => {
  expect(await all(batches([1, 2, 3, 4, 5], 2, 1000))).toEqual([[1, 2], [3, 4], [5]]);
  const source = (async function* () {
    yield* [1, 2, 3, 4, 5];
  })();
  expect(await all(batches(source, 2, 1000))).toEqual([[1, 2], [3, 4], [5]]);
});

test('shows a row of a slow source without waiting for the next', async () => {
  let release: () => void = () => undefined;
  const source = (async function* () {
    yield 1;
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    yield 2;
  })();
  const result = batches(source, 100, 1);
  expect((await result.next()).value).toEqual([1]);
  release();
  expect((await result.next()).value).toEqual([2]);
  expect((await result.next()).done).toBe(true);
});

test('ends its source when nobody reads on', async () => {
  let ended = false;
  const source = (async function* () {
    try {
      for (let value = 0; ; value += 1) yield value;
    } finally {
      ended = true;
    }
  })();
  for await (const batch of batches(source, 3, 1000)) {
    expect(batch).toEqual([0, 1, 2]);
    break;
  }
  expect(ended).toBe(true);
});

test('an empty source has no batch', async () => {
  expect(await all(batches([], 2, 1000))).toEqual([]);
  expect(await all(batches((async function* () {})(), 2, 1000))).toEqual([]);
});
