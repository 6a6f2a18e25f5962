import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createExpiryQueue } from '../../../src/lib/control/expiry-queue.ts';

test('everything comes out once, never before its time and at most a slot after it, but for what was taken out before', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), inMs: fc.integer({ min: -500, max: 20_000 }) }),
    fc.record({ kind: fc.constant('remove' as const), index: fc.nat(50) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.integer({ min: -1_000, max: 500 }), fc.integer({ min: 0, max: 100_000 })) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = createExpiryQueue<number>();
      const due = new Map<number, number>();
      let now = 1_000_000;
      let latest = now;
      let last = 0;
      for (const one of steps) {
        if (one.kind === 'add') {
          last += 1;
          due.set(last, now + one.inMs);
          queue.add(last, now + one.inMs);
        } else if (one.kind === 'remove') {
          const id = [...due.keys()][one.index];
          if (id === undefined) continue;
          queue.remove(id, due.get(id) ?? 0);
          due.delete(id);
        } else {
          now += one.ms;
          latest = Math.max(latest, now);
          for (const id of queue.take(now)) {
            expect(due.get(id)).toBeLessThanOrEqual(now);
            expect(due.delete(id)).toBe(true);
          }
        }
        expect(queue.size).toBe(due.size);
      }
      for (const id of queue.take(latest + 30_000)) due.delete(id);
      expect([...due.keys()]).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
