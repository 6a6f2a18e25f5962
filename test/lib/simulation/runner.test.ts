import { describe, expect, it } from 'vitest';
import { runStages } from '../../../src/lib/simulation/runner.ts';

const forever = new AbortController().signal;

describe('the runner', () => {
  it('lets every gateway report once per interval, with times that are the interval apart', async () => {
    const times = new Map<number, number[]>();
    const { stages, health } = await runStages({
      stages: [{ name: 'steady', durationMs: 400, intervalMs: 100, gateways: 5 }],
      signal: forever,
      fire: (gateway, time) => times.set(gateway, [...(times.get(gateway) ?? []), time]),
    });
    expect(stages[0]).toMatchObject({ name: 'steady', fired: 20, missed: 0 });
    expect(stages[0]?.elapsedMs).toBeGreaterThanOrEqual(399);
    for (const of of times.values()) expect(of.map((time) => time - (of[0] ?? 0))).toEqual([0, 100, 200, 300]);
    expect(health).toMatchObject({ missed: 0 });
  });

  it('plays its stages one after the other', async () => {
    const fired: number[] = [];
    const { stages } = await runStages({
      stages: [
        { name: 'one', durationMs: 100, intervalMs: 50, gateways: 1 },
        { name: 'three', durationMs: 100, intervalMs: 50, gateways: 3 },
      ],
      signal: forever,
      fire: (gateway) => fired.push(gateway),
    });
    expect(stages.map(({ name, fired: count }) => [name, count])).toEqual([
      ['one', 2],
      ['three', 6],
    ]);
    expect(Math.max(...fired.slice(0, 2))).toBe(0);
  });

  it('ends at once when it is interrupted, even in a long interval', async () => {
    const abort = new AbortController();
    const begin = performance.now();
    const { stages } = await runStages({
      stages: [{ name: 'steady', durationMs: null, intervalMs: 60_000, gateways: 2 }],
      signal: abort.signal,
      fire: () => setImmediate(() => abort.abort()),
    });
    expect(stages[0]?.fired).toBe(1);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('says that it was the limit itself when making the reports takes longer than the interval', async () => {
    const { health } = await runStages({
      stages: [{ name: 'too much', durationMs: 200, intervalMs: 20, gateways: 1 }],
      signal: forever,
      fire: () => {
        const until = performance.now() + 40;
        while (performance.now() < until);
      },
    });
    expect(health.limited).toBe(true);
    expect(health.lagMs.max).toBeGreaterThan(20);
  });

  it('skips, and counts, what is more than a second late instead of sending it in a burst', async () => {
    let calls = 0;
    const { stages, health } = await runStages({
      stages: [{ name: 'stall', durationMs: 1_500, intervalMs: 50, gateways: 1 }],
      signal: forever,
      fire: () => {
        calls += 1;
        const until = performance.now() + (calls === 1 ? 1_300 : 0);
        while (performance.now() < until);
      },
    });
    expect(stages[0]?.missed).toBeGreaterThan(0);
    expect((stages[0]?.missed ?? 0) + calls).toBe(30);
    expect(health.limited).toBe(true);
  });
});
