import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLatency } from '../../../src/lib/simulation/latency.ts';

describe('the latency histogram', () => {
  it('has no quantile before something was recorded', () => {
    expect(createLatency().summary()).toEqual({ count: 0, p50: null, p95: null, p99: null, max: null, mean: null });
  });

  it('tells every quantile within 1.6 % of the true one, and never too low', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4_000_000_000 }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (micros, fraction) => {
          const latency = createLatency();
          for (const us of micros) latency.record(us / 1000);
          const sorted = micros.toSorted((one, other) => one - other);
          const exact = (sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] ?? 0) / 1000;
          const told = latency.quantile(fraction) ?? Number.NaN;
          expect(told).toBeGreaterThanOrEqual(exact - 1e-9);
          expect(told).toBeLessThanOrEqual(exact * 1.016 + 0.001);
        },
      ),
    );
  });

  it('merges to what one histogram of both would be', () => {
    const [one, other, both] = [createLatency(), createLatency(), createLatency()];
    for (let index = 0; index < 500; index += 1) {
      const ms = (index * 7919) % 1000;
      (index % 3 === 0 ? one : other).record(ms);
      both.record(ms);
    }
    one.merge(other);
    expect(one.summary()).toEqual(both.summary());
  });

  it('takes durations longer than its range without losing them', () => {
    const latency = createLatency();
    latency.record(1e9);
    expect(latency.summary()).toMatchObject({ count: 1, max: 1e9 });
    expect(latency.quantile(0.5)).toBeGreaterThan(0);
  });
});
