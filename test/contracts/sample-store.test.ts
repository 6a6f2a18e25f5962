import { describe, expect, it } from 'vitest';
import { SAMPLE_STORE_ENGINES } from '../../src/lib/storage/registry.ts';
import type { SampleRow, ScanQuery } from '../../src/lib/storage/sample-store.ts';
import { ALWAYS, gathered, ids, rowsOf, sample, sampleStoreFixture } from '../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

/** Where the samples of a test lie when it looks at them: all hot, all in files, or in both and written over each other. */
const TIERS = ['hot', 'files', 'both'] as const;
const CASES = SAMPLE_STORE_ENGINES.flatMap((engine) => TIERS.map((tier) => ({ name: engine.name, tier, engine })));

describe.each(CASES)('sample store $name, samples in: $tier', ({ engine, tier }) => {
  const open = async (applyIntervalMs?: number) => {
    const fixture = await sampleStoreFixture(engine, temporaryFolder(), applyIntervalMs);
    let settled = 0;
    const settle = async (rows: readonly SampleRow[]) => {
      // In `both`, half of the rows are filed first; what is written over them comes later and stays hot.
      const half = tier === 'both' && ++settled % 2 === 1 ? Math.ceil(rows.length / 2) : rows.length;
      await fixture.settle(rows.slice(0, half));
      if (tier === 'files' || half < rows.length) await fixture.store.compact({ now: 1e12, scope: 'all' });
      if (half < rows.length) await fixture.settle(rows.slice(half));
    };
    return {
      put: fixture.put,
      restart: fixture.restart,
      applied: fixture.applied,
      settle,
      get store() {
        return fixture.store;
      },
    };
  };

  it('gives back every kind of value as it was stored', async () => {
    const { store, settle } = await open();
    const values = [
      0,
      -0,
      1e308,
      -1e308,
      5e-324,
      0.1 + 0.2,
      2 ** 53,
      true,
      false,
      '',
      'a\u0000b',
      '😀 Wärme',
      'x'.repeat(300_000),
      '"quoted", and\nmore',
      null,
      [],
      { deep: [1, null, { more: 'é' }] },
      [1, 'two', false],
    ];
    const rows = values.map((value, index) =>
      sample(7, 1000 + index, value, { quality: (['good', 'uncertain', 'bad'] as const)[index % 3] ?? 'good', late: index % 2 === 1 }),
    );
    await settle(rows);
    expect(await gathered(store.read({ series: ids(7), ...ALWAYS, order: 'series' }))).toStrictEqual(rows);
  });

  it('applies what was committed within the interval, without being asked', async () => {
    const fixture = await open(10);
    const id = await fixture.put([sample(1, 1, 1)]);
    await expect.poll(() => fixture.applied.at(-1), { timeout: 5000 }).toBe(id);
    expect(await fixture.store.count({ series: ids(1), ...ALWAYS })).toBe(1);
  });

  it('keeps one sample per series and time, the one written last', async () => {
    const { store, settle } = await open();
    await settle([sample(1, 10, 'old'), sample(1, 20, 1), sample(1, 10, 'newer'), sample(2, 10, 0)]);
    await settle([sample(1, 20, 2), sample(1, 15, 1.5, { late: true }), sample(1, 20, 3)]);
    expect(await gathered(store.read({ series: ids(1), ...ALWAYS, order: 'series' }))).toStrictEqual([
      sample(1, 10, 'newer'),
      sample(1, 15, 1.5, { late: true }),
      sample(1, 20, 3),
    ]);
    expect((await store.stats()).samples).toBe(4);
  });

  it('reads by series in the order asked for, by time, backwards, limited, and half-open', async () => {
    const { store, settle } = await open();
    await settle([1, 2, 3].flatMap((series) => [0, 10, 20, 30].map((time) => sample(series, time, series * 100 + time))));
    const values = async (query: object) =>
      (await gathered(store.read({ series: ids(3, 1), from: 10, to: 30, order: 'series', ...query }))).map(({ value }) => value);
    expect(await values({})).toEqual([310, 320, 110, 120]);
    expect(await values({ descending: true })).toEqual([320, 310, 120, 110]);
    expect(await values({ order: 'time' })).toEqual([310, 110, 320, 120]);
    expect(await values({ order: 'time', descending: true })).toEqual([320, 120, 310, 110]);
    expect(await values({ order: 'time', limit: 3 })).toEqual([310, 110, 320]);
    expect(await values({ from: 9.5, to: 20.5 })).toEqual([310, 320, 110, 120]);
    expect(await values({ series: ids(3, 3, 9) })).toEqual([310, 320]);
    expect(await values({ series: [] })).toEqual([]);
    expect(await values({ limit: 0 })).toEqual([]);
  });

  it('chooses stored samples that stand for a range, numbers and booleans alone, series by series', async () => {
    const { store, settle } = await open();
    await settle([
      ...Array.from({ length: 100 }, (_, index) => sample(1, index, index === 33 ? 50 : index === 71 ? -50 : index % 2)),
      sample(2, 5, true),
      sample(2, 7, 'text'),
      sample(3, 1, 1),
    ]);
    const query = { series: ids(2, 1), from: 0, to: 100, points: 4 } as const;
    const chosen = async (method: 'minmax' | 'lttb') =>
      (await gathered(store.downsample({ ...query, method }))).map((row) => [row.series, row.time, row.value]);
    const minmax = [
      [2, 5, 1],
      [1, 0, 0],
      [1, 33, 50],
      [1, 51, 1],
      [1, 71, -50],
    ];
    expect(await chosen('minmax')).toEqual(minmax);
    expect(await chosen('lttb')).toEqual([
      [2, 5, 1],
      [1, 0, 0],
      [1, 33, 50],
      [1, 71, -50],
      [1, 99, 1],
    ]);
    // Asked again, an answer may come from memory: what was written since is in it all the same.
    await settle([sample(1, 90, 99)]);
    expect(await chosen('minmax')).toEqual([...minmax.slice(0, 3), [1, 71, -50], [1, 90, 99]]);
  });

  it('scans a range as columns, stretch after stretch, series after series in the order asked for, each by time', async () => {
    const { store, settle } = await open();
    const times = [0, 0.5, 1, 26, 49, 50].map((hours) => hours * 3_600_000);
    await settle([1, 2, 3].flatMap((series) => times.map((time) => sample(series, time, series * time))));
    await settle([sample(2, 7_200_000, 'text', { quality: 'bad', late: true }), sample(2, 7_200_001, { a: [1] }), sample(1, 0, true)]);
    const query = { series: ids(3, 1, 2), from: 0, to: 50 * 3_600_000 };
    const rows: SampleRow[] = [];
    let end = query.from;
    for await (const { columns, stretch } of store.scan(query)) {
      if (stretch.to !== end) {
        expect(stretch.from).toBeGreaterThanOrEqual(end);
        end = stretch.to;
      }
      const found = rowsOf(columns);
      expect(found.length).toBeGreaterThan(0);
      for (const { time } of found) expect(time >= stretch.from && time < stretch.to).toBe(true);
      rows.push(...found);
    }
    expect(end).toBeLessThanOrEqual(query.to);
    for (const series of query.series)
      expect(rows.filter((row) => row.series === series)).toStrictEqual(await gathered(store.read({ ...query, series: [series], order: 'series' })));
    expect(rows).toHaveLength(17);
  });

  it('scans nothing where there is nothing, and ends a scan when its caller breaks off or its signal says so', async () => {
    const { store, settle } = await open();
    // Many stretches in each tier, and a real size in one.
    const total = tier === 'files' ? 200_000 : 60_000;
    await settle(Array.from({ length: total }, (_, index) => sample(1 + (index % 2), index, index)));
    const scanned = async (query: ScanQuery, signal?: AbortSignal) => {
      let count = 0;
      for await (const { columns } of store.scan(query, signal)) count += columns.count;
      return count;
    };
    expect(await scanned({ series: [], ...ALWAYS })).toBe(0);
    expect(await scanned({ series: ids(9), ...ALWAYS })).toBe(0);
    expect(await scanned({ series: ids(1), from: 10, to: 10 })).toBe(0);
    expect(await scanned({ series: ids(1), ...ALWAYS })).toBe(total / 2);
    for (let round = 0; round < 40; round++) for await (const _ of store.scan({ series: ids(1, 2), ...ALWAYS })) break;
    const abort = new AbortController();
    const reason = new Error('enough');
    const aborted = async () => {
      for await (const _ of store.scan({ series: ids(1, 2), ...ALWAYS }, abort.signal)) abort.abort(reason);
    };
    await expect(aborted()).rejects.toBe(reason);
    expect(await scanned({ series: ids(1, 2), ...ALWAYS })).toBe(total);
  });

  it('aggregates what was written since the same was asked', async () => {
    const { store, settle } = await open();
    await settle([sample(1, 5, 1), sample(1, 15, 2), sample(1, 95, 3)]);
    const buckets = async () =>
      (await gathered(store.aggregate({ series: ids(1), from: 0, to: 200, aggregate: 'max', everyMs: 10 }))).map(({ time, value }) => [time, value]);
    const before = [
      [0, 1],
      [10, 2],
      [90, 3],
    ];
    expect([await buckets(), await buckets()]).toEqual([before, before]);
    await settle([sample(1, 16, 9), sample(1, 150, 4)]);
    expect(await buckets()).toEqual([[0, 1], [10, 9], [90, 3], [150, 4]]); // biome-ignore format: short
    await store.remove(ids(1));
    expect(await buckets()).toEqual([]);
  });

  it('counts what is in a range, of some series or all, after removals too', async () => {
    const { store, settle } = await open();
    await settle([1, 2, 3].flatMap((series) => [10, 20, 30].map((time) => sample(series, time, series * time))));
    const count = (...series: number[]) => store.count({ series: ids(...series), ...ALWAYS });
    expect([await count(1, 2, 3), await count(1, 2, 3, 4), await count(2), await store.count({ series: ids(1, 2, 3), from: 10, to: 30 })]).toEqual([
      9, 9, 3, 6,
    ]);
    await settle([sample(1, 10, 5), sample(1, 11, 5)]);
    expect(await count(1, 2, 3)).toBe(10);
    await store.remove(ids(2));
    expect([await count(1, 2, 3), (await store.stats()).samples]).toEqual([7, 7]);
  });

  it('aggregates numbers and booleans in buckets that start at whole multiples, before 1970 too', async () => {
    const { store, settle } = await open();
    await settle([sample(1, -11, 4), sample(1, -10, 1), sample(1, -1, 3), sample(1, 0, true), sample(1, 5, false), sample(1, 9, 'text'), sample(1, 10, 8)]);
    const buckets = async (aggregate: string) =>
      (await gathered(store.aggregate({ series: ids(1), ...ALWAYS, aggregate: aggregate as 'avg', everyMs: 10 }))).map((row) => [
        row.time,
        row.value,
        row.count,
      ]);
    expect(await buckets('avg')).toEqual([
      [-20, 4, 1],
      [-10, 2, 2],
      [0, 0.5, 2],
      [10, 8, 1],
    ]);
    expect(await buckets('min')).toEqual([
      [-20, 4, 1],
      [-10, 1, 2],
      [0, 0, 2],
      [10, 8, 1],
    ]);
    expect(await buckets('max')).toEqual([
      [-20, 4, 1],
      [-10, 3, 2],
      [0, 1, 2],
      [10, 8, 1],
    ]);
    expect(await buckets('sum')).toEqual([
      [-20, 4, 1],
      [-10, 4, 2],
      [0, 1, 2],
      [10, 8, 1],
    ]);
    expect(await buckets('median')).toEqual([
      [-20, 4, 1],
      [-10, 2, 2],
      [0, 0.5, 2],
      [10, 8, 1],
    ]);
    expect(await buckets('count')).toEqual([
      [-20, 1, 1],
      [-10, 2, 2],
      [0, 3, 3],
      [10, 1, 1],
    ]);
    expect(await buckets('first')).toEqual([
      [-20, 4, 1],
      [-10, 1, 2],
      [0, true, 3],
      [10, 8, 1],
    ]);
    expect(await buckets('last')).toEqual([
      [-20, 4, 1],
      [-10, 3, 2],
      [0, 'text', 3],
      [10, 8, 1],
    ]);
    const deviations = await buckets('stddev');
    expect(deviations.map(([time]) => time)).toEqual([-20, -10, 0, 10]);
    expect(deviations[0]).toEqual([-20, 0, 1]);
    expect(deviations[1]?.[1]).toBeCloseTo(Math.SQRT2, 12);
  });

  it('begins buckets where it is told to', async () => {
    const fixture = await open();
    await fixture.settle([sample(1, -1, 1), sample(1, 4, 2), sample(1, 5, 3), sample(1, 14, 4), sample(1, 15, 5)]);
    for (const originMs of [5, -5, 1005]) {
      const rows = await gathered(fixture.store.aggregate({ series: ids(1), ...ALWAYS, aggregate: 'sum', everyMs: 10, originMs }));
      expect(rows.map(({ time, value }) => [time, value])).toEqual([
        [-5, 3],
        [5, 7],
        [15, 5],
      ]);
    }
  });

  it('gives one bucket at the start of the range when no width is asked for, per series in its order', async () => {
    const { store, settle } = await open();
    await settle([sample(1, 100, 1), sample(1, 200, 2), sample(2, 150, { a: 1 }), sample(3, 100, 'only text')]);
    const rows = async (aggregate: 'avg' | 'last') =>
      (await gathered(store.aggregate({ series: ids(3, 2, 1), from: 50, to: 300, aggregate }))).map((row) => [row.series, row.time, row.value]);
    expect(await rows('avg')).toEqual([[1, 50, 1.5]]);
    expect(await rows('last')).toEqual([
      [3, 50, 'only text'],
      [2, 50, { a: 1 }],
      [1, 50, 2],
    ]);
  });

  it('refuses a sum or deviation that no number can hold', async () => {
    const { store, settle } = await open();
    await settle([sample(1, 1, 1e308), sample(1, 2, 1e308), sample(2, 1, 1e308), sample(2, 2, -1e308)]);
    const refused = { code: 'invalid' };
    await expect(gathered(store.aggregate({ series: ids(1), ...ALWAYS, aggregate: 'sum' }))).rejects.toMatchObject(refused);
    await expect(gathered(store.aggregate({ series: ids(2), ...ALWAYS, aggregate: 'stddev' }))).rejects.toMatchObject(refused);
    expect((await gathered(store.aggregate({ series: ids(1), ...ALWAYS, aggregate: 'max' })))[0]?.value).toBe(1e308);
  });

  it('knows the newest sample of each series, what is only in the journal included', async () => {
    const fixture = await open(60_000);
    await fixture.settle([sample(1, 30, 'newest'), sample(1, 10, 1), sample(2, 5, false)]);
    await fixture.put([sample(2, 6, [1]), sample(1, 20, 2)]);
    const latest = await gathered(fixture.store.latest());
    expect(latest.toSorted((a, b) => a.series - b.series)).toStrictEqual([sample(1, 30, 'newest'), sample(2, 6, [1])]);
  });

  it('counts by series and range', async () => {
    const { store, settle } = await open();
    await settle([sample(1, 1, 1), sample(1, 2, 'x'), sample(2, 2, 1)]);
    expect(await store.count({ series: ids(1), from: 2, to: 3 })).toBe(1);
    expect(await store.count({ series: ids(1, 2), ...ALWAYS })).toBe(3);
    expect(await store.count({ series: [], ...ALWAYS })).toBe(0);
  });

  it('removes a series whole, what is only in the journal included, and takes it anew afterwards', async () => {
    const fixture = await open(60_000);
    await fixture.settle([sample(1, 10, 1), sample(2, 10, 2)]);
    await fixture.put([sample(1, 20, 1)]);
    await fixture.store.remove(ids(1));
    expect(await fixture.store.count({ series: ids(1, 2), ...ALWAYS })).toBe(1);
    await fixture.settle([sample(1, 5, 7)]);
    expect(await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'time' }))).toStrictEqual([sample(1, 5, 7)]);
  });

  it('has everything after a restart, and applies at its stop what waits', async () => {
    const fixture = await open(60_000);
    await fixture.settle([sample(1, 10, 1)]);
    const last = await fixture.put([sample(1, 20, 'two')]);
    await fixture.restart();
    expect(await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'series' }))).toStrictEqual([sample(1, 10, 1), sample(1, 20, 'two')]);
    expect(await fixture.store.stats()).toMatchObject({ samples: 2, appliedJournalId: last });
    expect((await fixture.store.stats()).bytes).toBeGreaterThan(0);
    await fixture.settle([sample(1, 10, 'again')]);
    expect(await fixture.store.count({ series: ids(1), ...ALWAYS })).toBe(2);
  });

  it('stops twice, and refuses afterwards', async () => {
    const { store } = await open();
    await Promise.all([store.stop(), store.stop()]);
    await expect(store.flush(1)).rejects.toMatchObject({ code: 'stopping' });
    await expect(gathered(store.read({ series: ids(1), ...ALWAYS, order: 'time' }))).rejects.toMatchObject({ code: 'stopping' });
  });

  it('ends a reading when its caller breaks off, more often than it has places', async () => {
    const { store, settle } = await open();
    await settle(Array.from({ length: 30_000 }, (_, index) => sample(1, index, index)));
    for (let round = 0; round < 50; round++) {
      for await (const rows of store.read({ series: ids(1), ...ALWAYS, order: 'time' })) {
        expect(rows[0]).toStrictEqual(sample(1, 0, 0));
        break;
      }
    }
    expect(await store.count({ series: ids(1), ...ALWAYS })).toBe(30_000);
  });

  it('ends a reading when its signal says so, with the reason', async () => {
    const { store, settle } = await open();
    await settle(Array.from({ length: 30_000 }, (_, index) => sample(1, index, index)));
    const abort = new AbortController();
    const reason = new Error('enough');
    const reading = async () => {
      for await (const _ of store.read({ series: ids(1), ...ALWAYS, order: 'time' }, abort.signal)) abort.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
    await expect(gathered(store.read({ series: ids(1), ...ALWAYS, order: 'time' }, abort.signal))).rejects.toBe(reason);
  });

  it('serves many readings at once', async () => {
    const { store, settle } = await open();
    await settle(Array.from({ length: 20_000 }, (_, index) => sample(index % 10, index, index)));
    const lengths = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => (await gathered(store.read({ series: ids(index % 10), ...ALWAYS, order: 'series' }))).length),
    );
    expect(new Set(lengths)).toEqual(new Set([2000]));
  });
});
