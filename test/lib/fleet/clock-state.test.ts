import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWorthNoting, newClockState, noted, noteReport } from '../../../src/lib/fleet/clock-state.ts';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** One message each `everyMs`, its newest time as `newestAt` says. What each window came to, those without a result left out. */
function offsetsOf(messages: number, everyMs: number, newestAt: (now: number, index: number) => number): number[] {
  const state = newClockState(START);
  const offsets: number[] = [];
  for (let index = 0; index < messages; index += 1) {
    const now = START + index * everyMs;
    const offset = noteReport(state, newestAt(now, index), now);
    if (offset !== null) offsets.push(offset);
  }
  return offsets;
}

describe('the clock of a device, by what it reports', () => {
  it('is right when the newest values are of now, however late some messages come', () => {
    const offsets = offsetsOf(200, 5 * SECOND, (now, index) => now - 40 - (index % 3) * 90 * SECOND);
    expect(offsets.length).toBeGreaterThan(5);
    expect(new Set(offsets)).toEqual(new Set([40]));
  });

  it('is found behind once two windows in a row say the same', () => {
    expect(offsetsOf(30, 5 * SECOND, (now) => now - 10 * MINUTE)).toEqual([]);
    expect(offsetsOf(41, 5 * SECOND, (now) => now - 10 * MINUTE)).toEqual([10 * MINUTE]);
  });

  it('is not found behind while it sends what it has stored', () => {
    // An hour behind at first, and ten times as fast as it came about.
    expect(offsetsOf(75, 5 * SECOND, (now) => START - 60 * MINUTE + (now - START) * 10)).toEqual([]);
  });

  it('is found ahead with the first window, by as much as it is for sure', () => {
    expect(offsetsOf(21, 5 * SECOND, (now, index) => now + 7 * MINUTE - (index % 4) * SECOND)).toEqual([-7 * MINUTE + 3 * SECOND]);
  });

  it('is not found ahead for forecasts among its values', () => {
    expect(new Set(offsetsOf(100, 5 * SECOND, (now, index) => (index % 2 === 0 ? now - 100 : now + 86_400_000)))).toEqual(new Set([0]));
  });

  it('is measured of a device that reports seldom, too', () => {
    expect(offsetsOf(10, 30 * MINUTE, (now) => now - 200)).toEqual([200, 200, 200]);
  });

  it('begins a new window when the hub is set back, and says nothing of it', () => {
    const state = newClockState(START);
    for (let index = 0; index < 50; index += 1) expect(noteReport(state, START, START - MINUTE - index * 100)).toBeNull();
  });

  it('keeps small integers, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ noNaN: true, min: -1e16, max: 1e16 }), fc.nat(1e7))), (messages) => {
        const state = newClockState(START);
        let now = START;
        for (const [newest, passed] of messages) {
          now += passed;
          const offset = noteReport(state, newest, now);
          if (offset !== null) noted(state, offset, false, now);
          for (const field of [state.low, state.lowBefore ?? 0, state.high, state.startedAt, state.count, state.ahead, state.noted ?? 0, state.notedAt])
            expect(field).toBe(field | 0);
        }
      }),
    );
  });

  it('is noted when it changed, when it was long ago, and when it is known better', () => {
    const state = newClockState(START);
    expect(isWorthNoting(state, 100, false, START)).toBe(true);
    noted(state, 100, false, START);
    expect(isWorthNoting(state, 900, false, START + MINUTE)).toBe(false);
    expect(isWorthNoting(state, 1_100, false, START + MINUTE)).toBe(true);
    expect(isWorthNoting(state, 100, false, START + 60 * MINUTE)).toBe(true);
    expect(isWorthNoting(state, 100, true, START + MINUTE)).toBe(true);
    noted(state, 5_000, true, START + MINUTE);
    expect(isWorthNoting(state, 100, false, START + 59 * MINUTE)).toBe(false);
    expect(isWorthNoting(state, 100, false, START + 61 * MINUTE)).toBe(true);
  });
});
