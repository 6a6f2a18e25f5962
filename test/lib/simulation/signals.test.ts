import { describe, expect, it } from 'vitest';
import { createRandom, seedFor } from '../../../src/lib/simulation/random.ts';
import { createSignal, type SignalSpec } from '../../../src/lib/simulation/signals.ts';

const HOUR = 3_600_000;
const noon = Date.UTC(2026, 5, 1, 12);

function values(spec: SignalSpec, seed: number, count = 500, step = 60_000): (number | boolean)[] {
  const signal = createSignal(spec, createRandom(seed));
  return Array.from({ length: count }, (_, index) => signal(noon + index * step));
}

describe('simulated signals', () => {
  const walk: SignalSpec = { shape: 'walk', min: 10, max: 20, step: 1, decimals: 2 };

  it('give the same values for the same seed and others for another', () => {
    expect(values(walk, 7)).toEqual(values(walk, 7));
    expect(values(walk, 7)).not.toEqual(values(walk, 8));
  });

  it('keep a random walk inside its limits, with its decimals', () => {
    for (const value of values(walk, 3) as number[]) {
      expect(value).toBeGreaterThanOrEqual(10);
      expect(value).toBeLessThanOrEqual(20);
      expect(Math.round(value * 100) / 100).toBe(value);
    }
  });

  it('make a day warmest in the afternoon and coldest twelve hours later', () => {
    const spec: SignalSpec = { shape: 'daily', mean: 20, amplitude: 5, noise: 0, decimals: 3 };
    const signal = createSignal(spec, createRandom(1));
    expect(signal(noon + 3 * HOUR)).toBe(25);
    expect(signal(noon + 15 * HOUR)).toBe(15);
  });

  it('never let a counter fall', () => {
    const counted = values({ shape: 'counter', perSecond: 4 }, 5) as number[];
    expect(counted.every((value, index) => index === 0 || value >= (counted[index - 1] ?? 0))).toBe(true);
    expect(counted.at(-1)).toBeGreaterThan(counted[0] ?? 0);
  });

  it('switch an on-off point both ways', () => {
    const states = values({ shape: 'on-off', chance: 0.1 }, 5);
    expect(new Set(states)).toEqual(new Set([true, false]));
  });

  it('seed each gateway on its own, whatever their number', () => {
    expect(seedFor(1, '4.0')).not.toBe(seedFor(1, '5.0'));
    expect(seedFor(1, '4.0')).not.toBe(seedFor(2, '4.0'));
  });
});
