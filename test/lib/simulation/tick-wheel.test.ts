import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTickWheel } from '../../../src/lib/simulation/tick-wheel.ts';

describe('the tick wheel', () => {
  it('makes every member due exactly once in each interval, at the same place of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 10, max: 60_000 }), (members, intervalMs) => {
        const wheel = createTickWheel(members, intervalMs);
        const due = new Map<number, number[]>();
        for (let tick = 0; tick < 3 * wheel.slots; tick += 1)
          for (const member of wheel.membersAt(tick)) due.set(member, [...(due.get(member) ?? []), wheel.dueAt(tick)]);
        expect(due.size).toBe(members);
        for (const [first = 0, second = 0, third = 0, ...more] of due.values()) {
          expect(more).toEqual([]);
          expect(first).toBeLessThan(intervalMs);
          expect(second - first).toBeCloseTo(intervalMs, 6);
          expect(third - first).toBeCloseTo(2 * intervalMs, 6);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('spreads the members over the interval', () => {
    const wheel = createTickWheel(1000, 1000);
    const perSlot = Array.from({ length: wheel.slots }, (_, tick) => wheel.membersAt(tick).length);
    expect(Math.max(...perSlot)).toBe(1);
    expect(wheel.dueAt(wheel.slots - 1)).toBeGreaterThan(990);
  });

  it('does not drift: the millionth interval begins a million intervals after the first', () => {
    const wheel = createTickWheel(7, 1000);
    expect(wheel.dueAt(7 * 1_000_000)).toBe(1_000_000_000);
  });
});
