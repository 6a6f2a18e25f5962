import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import type { SampleRow } from '../../../../src/lib/storage/sample-store.ts';
import { ALWAYS, gathered, ids, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(null, [], { a: [1, 'ü'] }),
);
const row = fc.record({ series: fc.integer({ min: 1, max: 4 }), time: fc.integer({ min: -20, max: 20 }), value });
/** Times apart enough to lie in several days, months and years. */
const UNIT = 9 * 86_400_000 + 5 * 3_600_000 + 1;
const NOW = 3 * UNIT;
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(row, { minLength: 1, maxLength: 25 }).map((rows) => ({ put: rows })) },
  { weight: 2, arbitrary: fc.constant('flush' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  { weight: 2, arbitrary: fc.constantFrom('all' as const, 'due' as const).map((scope) => ({ compact: scope })) },
  { weight: 1, arbitrary: fc.integer({ min: -20, max: 20 }).map((day) => ({ compact: { day: Math.floor((day * UNIT) / 86_400_000) * 86_400_000 } })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }).map((series) => ({ remove: series })) },
);

const bucketOf = (time: number) => Math.floor(time / (7 * UNIT)) * 7 * UNIT;

describe('DuckDB against a map in memory', () => {
  it('holds the same after any batches, flushes, compactions, restarts and removals', async () => {
    const fixture = await sampleStoreFixture(duckdb, temporaryFolder(), 5);
    let base = 1;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        // Series of their own for each run: one store serves all of them.
        base += 10;
        const model = new Map<string, SampleRow>();
        for (const action of steps) {
          if (action === 'flush') await fixture.store.flush(fixture.commits.lastJournalId);
          else if (action === 'restart') await fixture.restart();
          else if ('compact' in action) await fixture.store.compact({ now: NOW, scope: action.compact });
          else if ('remove' in action) {
            await fixture.store.remove(ids(base + action.remove));
            for (const key of model.keys()) if (key.startsWith(`${base + action.remove} `)) model.delete(key);
          } else {
            const rows = action.put.map(({ series, time, value }) => sample(base + series, time * UNIT, value));
            await fixture.put(rows);
            for (const each of rows) model.set(`${each.series} ${each.time}`, each);
          }
        }
        await fixture.store.flush(fixture.commits.lastJournalId);
        const series = ids(base + 1, base + 2, base + 3, base + 4);
        const expected = [...model.values()].sort((a, b) => a.series - b.series || a.time - b.time);
        expect(await gathered(fixture.store.read({ series, ...ALWAYS, order: 'series' }))).toStrictEqual(expected);
        expect(await gathered(fixture.store.read({ series, from: -7 * UNIT, to: 7 * UNIT, order: 'time', descending: true, limit: 9 }))).toStrictEqual(
          expected
            .filter(({ time }) => time >= -7 * UNIT && time < 7 * UNIT)
            .sort((a, b) => b.time - a.time || a.series - b.series)
            .slice(0, 9),
        );
        const sums = new Map<string, number>();
        for (const each of expected)
          if (typeof each.value === 'boolean') sums.set(`${each.series} ${bucketOf(each.time)}`, (sums.get(`${each.series} ${bucketOf(each.time)}`) ?? 0) + 1);
        const counts = await gathered(fixture.store.aggregate({ series, ...ALWAYS, aggregate: 'count', everyMs: 7 * UNIT }));
        const newest = new Map(expected.map((each) => [each.series, each]));
        const latest = (await gathered(fixture.store.latest())).filter((each) => newest.has(each.series) || each.series > base);
        expect(latest.toSorted((a, b) => a.series - b.series)).toStrictEqual([...newest.values()]);
        expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
        for (const [key, booleans] of sums) expect(counts.find((each) => `${each.series} ${each.time}` === key)?.count).toBeGreaterThanOrEqual(booleans);
      }),
      { numRuns: 15 },
    );
    expect((await fixture.store.stats()).files.count, 'nothing was ever filed').toBeGreaterThan(0);
    expect((await fixture.store.verify()).damaged).toEqual([]);
    expect(fixture.failures).toEqual([]);
  }, 120_000);
});
