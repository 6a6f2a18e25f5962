import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBatch } from '../../../../src/lib/storage/duckdb/plan-batch.ts';
import { numbers } from '../../../helpers/sample-columns.ts';

describe('the plan of a batch', () => {
  it('appends rows in order as they are, without a look at the table', () => {
    expect(planBatch(numbers([1, 10, 0], [2, 5, 0], [1, 11, 0], [3, 1, 0]), new Map([[1, 9]]))).toEqual({
      keep: null,
      replace: [],
      newest: new Map([
        [1, 11],
        [2, 5],
        [3, 1],
      ]),
    });
  });

  it('deletes only what may be in the table: rows not newer than what it has', () => {
    const plan = planBatch(numbers([1, 20, 0], [1, 15, 0], [1, 8, 0], [2, 1, 0]), new Map([[1, 10]]));
    expect(plan).toMatchObject({ keep: [0, 1, 2, 3], replace: [2] });
  });

  it('keeps the last of several rows with the same series and time', () => {
    const plan = planBatch(numbers([1, 20, 1], [1, 20, 2], [1, 5, 3], [1, 5, 4]), new Map([[1, 10]]));
    expect(plan).toMatchObject({ keep: [1, 3], replace: [3] });
  });

  it('leaves exactly the last row of each series and time, whatever comes', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -5, max: 5 }), fc.integer()), { maxLength: 60 });
    fc.assert(
      fc.property(rows, fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -5, max: 5 }))), (batch, table) => {
        const stored = new Set(table.map(([series, time]) => `${series} ${time}`));
        const before = new Map<number, number>();
        for (const [series, time] of table) before.set(series, Math.max(time, before.get(series) ?? time));
        const { keep, replace, newest } = planBatch(numbers(...batch), before);
        const kept = (keep ?? batch.map((_, index) => index)).map((index) => batch[index] ?? [0, 0, 0]);
        const expected = new Map(batch.map((row) => [`${row[0]} ${row[1]}`, row]));
        expect(new Map(kept.map((row) => [`${row[0]} ${row[1]}`, row]))).toEqual(expected);
        expect(kept).toHaveLength(expected.size);
        const deleted = new Set(replace.map((index) => `${batch[index]?.[0]} ${batch[index]?.[1]}`));
        for (const key of expected.keys()) if (stored.has(key)) expect(deleted).toContain(key);
        for (const [series, time] of newest) expect(time).toBeGreaterThan(before.get(series) ?? Number.NEGATIVE_INFINITY);
      }),
    );
  });
});
