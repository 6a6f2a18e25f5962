import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SampleItem } from '../../../src/lib/api/schema/samples.ts';
import type { HubClient } from '../../../src/lib/client/hub-client.ts';
import { bucketsByTime, localWindows } from '../../../src/lib/reading/buckets.ts';

/** A hub with samples at these times, that counts what it is asked. */
function hubWith(times: readonly number[]) {
  let questions = 0;
  const hub: Pick<HubClient, 'aggregate' | 'samples'> = {
    async aggregate(_device, { from, to, everyMs = 1 }) {
      questions += 1;
      const inside = times.filter((time) => time >= Number(from) && time < Number(to));
      return { items: inside.map((time) => ({ device: 'd', point: 'p', time: Math.floor(time / Number(everyMs)) * Number(everyMs), value: time, count: 1 })) };
    },
    async *samples(_device, { from, to, order }) {
      questions += 1;
      const inside = times.filter((time) => time >= Number(from) && time < Number(to));
      const time = order === 'desc' ? inside.at(-1) : inside[0];
      if (time !== undefined) yield { device: 'd', point: 'p', time, value: time, quality: 'good', late: false } satisfies SampleItem;
    },
  };
  return { hub, questions: () => questions };
}

describe('buckets by time', () => {
  it.each([false, true])('finds the few samples of a long range without asking for every empty bucket (descending: %s)', async (descending) => {
    const times = [5, 1_000_000_003, 1_000_000_004, 2_591_999_999];
    const { hub, questions } = hubWith(times);
    const query = { point: ['p'], from: 0, to: 2_592_000_000, everyMs: 1, aggregate: 'avg' as const, descending };
    const found: number[] = [];
    for await (const { time } of bucketsByTime(hub, 'd', query)) found.push(time);
    expect(found).toEqual(descending ? times.toReversed() : times);
    expect(questions()).toBeLessThan(15);
  });

  it('asks twice where there is nothing', async () => {
    const { hub, questions } = hubWith([]);
    for await (const bucket of bucketsByTime(hub, 'd', { point: ['p'], from: 0, to: 2_592_000_000, everyMs: 1, aggregate: 'avg' }))
      throw new Error(`a bucket of nothing: ${bucket.time}`);
    expect(questions()).toBe(2);
  });

  it('begins those of whole days at local midnight, across the days on which the clock changes', () => {
    const at = (text: string) => Date.parse(text);
    const windows = [...localWindows(at('2026-03-27T12:00:00Z'), at('2026-03-31T12:00:00Z'), 86_400_000, 'Europe/Berlin', 1000)];
    expect(windows).toEqual([
      { from: at('2026-03-27T12:00:00Z'), to: at('2026-03-29T00:00:00+01:00'), everyMs: 86_400_000, originMs: at('2026-03-27T00:00:00+01:00') },
      { from: at('2026-03-29T00:00:00+01:00'), to: at('2026-03-30T00:00:00+02:00'), everyMs: null, originMs: at('2026-03-29T00:00:00+01:00') },
      { from: at('2026-03-30T00:00:00+02:00'), to: at('2026-03-31T12:00:00Z'), everyMs: 86_400_000, originMs: at('2026-03-30T00:00:00+02:00') },
    ]);
  });

  it('covers a range whole and without overlap, whatever the zone and width', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia');
    fc.assert(
      fc.property(zones, fc.integer({ min: -2e12, max: 2e12 }), fc.integer({ min: 1, max: 3e10 }), fc.integer({ min: 1, max: 9 }), (zone, from, span, days) => {
        let next = from;
        for (const window of localWindows(from, from + span, days * 86_400_000, zone, 50)) {
          expect(window.from).toBe(next);
          expect(window.to).toBeGreaterThan(window.from);
          expect(window.originMs).toBeLessThanOrEqual(window.from);
          next = window.to;
        }
        expect(next).toBe(from + span);
      }),
      { numRuns: 50 },
    );
  });
});
