import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createTimerWheel } from '../../../src/lib/supervision/timer-wheel.ts';

const TICK_MS = 20;
const START = Date.UTC(2026, 0, 1);
const YEAR_MS = 365 * 86_400_000;

function wheelAt(start: number) {
  const state = { now: start };
  const fired: { readonly name: number; readonly at: number }[] = [];
  const wheel = createTimerWheel<number>(
    () => state.now,
    (names, now) => fired.push(...names.map((name) => ({ name, at: now }))),
  );
  return { state, fired, wheel };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the timer wheel', () => {
  test('fires like a sorted list, whatever is added, moved and cancelled, however the clock goes', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), after: delays() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), which: fc.nat(), after: delays() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), by: delays() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const), by: fc.integer({ min: 1, max: 90_000_000 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { state, fired, wheel } = wheelAt(START + 7);
        const model = new Map<number, { dueAt: number; setAt: number; readonly handle: number }>();
        let names = 0;
        for (const one of steps) {
          if (one.kind === 'add') {
            const dueAt = state.now + one.after;
            model.set(names, { dueAt, setAt: state.now, handle: wheel.add(dueAt, names) });
            names += 1;
          } else if (one.kind === 'back') state.now -= one.by;
          else if (one.kind === 'pass') state.now += one.by;
          else {
            const chosen = [...model][one.which % Math.max(1, model.size)];
            if (chosen === undefined) continue;
            if (one.kind === 'cancel') {
              wheel.cancel(chosen[1].handle);
              model.delete(chosen[0]);
            } else {
              chosen[1].dueAt = state.now + one.after;
              chosen[1].setAt = state.now;
              wheel.move(chosen[1].handle, chosen[1].dueAt);
            }
          }
          fired.length = 0;
          wheel.advance();
          const seen = fired.map(({ name }) => model.get(name)?.dueAt);
          expect(seen).toEqual([...seen].sort((a, b) => (a ?? 0) - (b ?? 0)));
          for (const { name } of fired) {
            expect(model.get(name)?.dueAt).toBeLessThanOrEqual(state.now);
            model.delete(name);
          }
          // What was due when it was set fires with the next tick.
          for (const { dueAt, setAt } of model.values()) expect(Math.max(dueAt, setAt)).toBeGreaterThan(state.now - 2 * TICK_MS);
          expect(wheel.size).toBe(model.size);
        }
        state.now += 5000 * YEAR_MS;
        fired.length = 0;
        wheel.advance();
        expect(new Set(fired.map(({ name }) => name))).toEqual(new Set(model.keys()));
        expect(wheel.nextDueAt()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });

  test('sleeps on one timeout, and fires within a tick of the due time', () => {
    vi.useFakeTimers({ now: START });
    const fired: [string, number][] = [];
    const wheel = createTimerWheel<string>(Date.now, (names, now) => fired.push(...names.map((name): [string, number] => [name, now - START])));
    wheel.start();
    wheel.add(START + 3_600_000, 'hour');
    wheel.add(START + 90_010, 'soon');
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(90_000);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(fired).toEqual([['soon', 90_020]]);
    wheel.add(START + 90_100, 'sooner than the sleep');
    vi.advanceTimersByTime(100);
    expect(fired[1]?.[0]).toBe('sooner than the sleep');
    vi.advanceTimersByTime(3_600_000);
    expect(fired.map(([name]) => name)).toEqual(['soon', 'sooner than the sleep', 'hour']);
    expect(fired[2]?.[1]).toBe(3_600_000);
    wheel.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a timer may be added from one that fires', () => {
    const state = { now: START };
    const fired: number[] = [];
    const wheel = createTimerWheel<number>(
      () => state.now,
      (names) => {
        for (const name of names) {
          fired.push(name);
          if (name < 3) wheel.add(state.now + 100, name + 1);
        }
      },
    );
    wheel.add(START, 0);
    for (let step = 0; step < 10; step += 1) {
      state.now += 100;
      wheel.advance();
    }
    expect(fired).toEqual([0, 1, 2, 3]);
  });
});

/** From due already to beyond what the wheel spans. */
function delays(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: -100, max: 100 }),
    fc.integer({ min: 0, max: 10_000 }),
    fc.integer({ min: 0, max: 10_000_000 }),
    fc.integer({ min: 0, max: 100 * YEAR_MS }),
    fc.double({ min: 0, max: 4000 * YEAR_MS, noNaN: true }),
  );
}
