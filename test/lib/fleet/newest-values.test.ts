import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import type { SeriesId } from '../../../src/lib/domain/ids.ts';
import type { LatestValue } from '../../../src/lib/domain/point.ts';
import { createNewestValues } from '../../../src/lib/fleet/newest-values.ts';
import { createSeriesTable } from '../../../src/lib/fleet/series-table.ts';
import { aPoint } from '../../helpers/fleet.ts';

it('keeps the newest value of each point apart from its neighbours, whatever its type', () => {
  const values = constantFrom<LatestValue['value']>(1.5, -0, true, false, 'text', '', null, [1], { a: 1 });
  const write = record({ series: constantFrom(1, 2, 1023, 1024, 2 ** 40 + 7), value: values, time: integer(), late: constantFrom(true, false) });
  assert(
    property(array(write, { maxLength: 40 }), (writes) => {
      const { entryOf: newEntry } = createNewestValues();
      const entries = new Map([1, 2, 1023, 1024, 2 ** 40 + 7].map((series) => [series, newEntry(aPoint('a', `p${series}`, series))]));
      const expected = new Map<number, LatestValue>();
      for (const { series, value, time, late } of writes) {
        const latest: LatestValue = { time, value, quality: late ? 'bad' : 'good', late };
        const entry = entries.get(series);
        if (entry !== undefined) entry.latest = latest;
        expected.set(series, latest);
      }
      for (const [series, entry] of entries) {
        expect(entry.latest).toEqual(expected.get(series) ?? null);
        expect(entry.latestTime).toBe(expected.get(series)?.time ?? Number.NEGATIVE_INFINITY);
      }
    }),
  );
});

it('takes the value along when a point gets another series', () => {
  const { entryOf: newEntry } = createNewestValues();
  const entry = newEntry(aPoint('a', 'p', 5));
  entry.latest = { time: 7, value: 'x', quality: 'good', late: false };
  entry.hubTime = 9;
  entry.point = aPoint('a', 'p', 5000);
  expect(entry).toMatchObject({ latest: { time: 7, value: 'x' }, hubTime: 9, latestTime: 7 });
  expect(newEntry(aPoint('b', 'p', 5)).latest).toBeNull();
});

it('finds what stands under a series, also far from the others', () => {
  const table = createSeriesTable<string>();
  const id = (series: number) => series as SeriesId;
  table.set(id(1), 'a');
  table.set(id(2 ** 41), 'b');
  expect([table.get(id(1)), table.get(id(2)), table.get(id(2 ** 41))]).toEqual(['a', undefined, 'b']);
  table.delete(id(1));
  table.delete(id(3));
  expect([table.get(id(1)), table.get(id(2 ** 41))]).toEqual([undefined, 'b']);
});
