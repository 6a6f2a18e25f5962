import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCK_MAX, SortedDevices } from '../../../src/lib/fleet/sorted-devices.ts';

interface Item {
  readonly id: string;
}

const item = (id: string): Item => ({ id });
const idsOf = (items: Iterable<Item>): string[] => Array.from(items, ({ id }) => id);
const idOf = (number: number): string => `d${String(number).padStart(6, '0')}`;

describe('devices by id', () => {
  test('stay in order whatever comes and goes, and a walk can begin behind any id', () => {
    const steps = fc.array(fc.tuple(fc.nat(5_000), fc.boolean()), { minLength: 1, maxLength: 4_000 });
    fc.assert(
      fc.property(steps, fc.nat(5_000), (changes, from) => {
        const sorted = new SortedDevices<Item>();
        const expected = new Set<string>();
        for (const [number, comes] of changes) {
          const id = idOf(number);
          if (comes && !expected.has(id)) sorted.add(item(id));
          if (!comes) sorted.remove(id);
          if (comes) expected.add(id);
          else expected.delete(id);
        }
        const ids = [...expected].sort();
        expect(idsOf(sorted.after())).toEqual(ids);
        expect(idsOf(sorted.after(idOf(from)))).toEqual(ids.filter((id) => id > idOf(from)));
        expect(sorted.size).toBe(ids.length);
        expect(sorted.blocks.flatMap(({ entries }) => idsOf(entries))).toEqual(ids);
        expect(sorted.blocks.every(({ entries }) => entries.length > 0 && entries.length <= BLOCK_MAX)).toBe(true);
        const { block, place } = sorted.placeAfter(idOf(from));
        const behind = sorted.blocks.slice(block).flatMap(({ entries }, number) => idsOf(entries).slice(number === 0 ? place : 0));
        expect(behind).toEqual(ids.filter((id) => id > idOf(from)));
      }),
      { numRuns: 30 },
    );
  });

  test('are met once each by a walk while others come and go around it', () => {
    const sorted = new SortedDevices<Item>();
    for (let number = 0; number < 6_000; number += 2) sorted.add(item(idOf(number)));
    const met: string[] = [];
    let step = 0;
    for (const { id } of sorted.after()) {
      met.push(id);
      const number = Number(id.slice(1));
      // One comes behind it, one before it; one far ahead goes.
      if (number % 2 === 0) sorted.add(item(idOf(number + 1)));
      if (step % 3 === 0 && number > 10 && number % 2 === 0) sorted.add(item(`${idOf(number - 2)}x`));
      if (step === 100) sorted.remove(idOf(5_000));
      step += 1;
    }
    expect(met).toEqual(Array.from({ length: 6_000 }, (_, number) => idOf(number)).filter((id) => id !== idOf(5_000) && id !== idOf(5_001)));
  });

  test('fill their blocks when ids only grow', () => {
    const sorted = new SortedDevices<Item>();
    for (let number = 0; number < 10 * BLOCK_MAX; number++) sorted.add(item(idOf(number)));
    expect(sorted.blocks.length).toBeLessThanOrEqual(11);
  });

  test('tell which block has changed', () => {
    const sorted = new SortedDevices<Item>();
    for (let number = 0; number < 3 * BLOCK_MAX; number++) sorted.add(item(idOf(number)));
    const before = sorted.blocks.map(({ changes }) => changes);
    sorted.changed(idOf(BLOCK_MAX + 5));
    expect(sorted.blocks.map(({ changes }, number) => changes - (before[number] ?? 0))).toEqual([0, 1, 0]);
  });
});
