import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/lib/device/backoff.ts';

function aBackoff(random: () => number) {
  let now = 1_000;
  const backoff = new Backoff({ firstMs: 1_000, longestMs: 60_000, random, clock: () => now });
  return {
    backoff,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the wait before the next attempt', () => {
  it('is drawn from as long as the outage has lasted, between its limits', () => {
    const { backoff, pass } = aBackoff(() => 1);
    expect(backoff.next()).toBe(1_000);
    pass(7_000);
    expect(backoff.next()).toBe(7_000);
    pass(3_600_000);
    expect(backoff.next()).toBe(60_000);
    backoff.reset();
    expect(backoff.next()).toBe(1_000);
  });

  it('does not become long by many short ones', () => {
    const { backoff, pass } = aBackoff(() => 0.001);
    for (let attempt = 0; attempt < 100; attempt += 1) pass(backoff.next());
    expect(backoff.next()).toBeLessThan(2);
  });

  it('is any part of the longest where there is no hurry', () => {
    const { backoff } = aBackoff(() => 0.5);
    expect(backoff.next(true)).toBe(30_000);
  });
});
