import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDownsampler } from '../../../../src/lib/storage/duckdb/downsample.ts';

type Row = readonly [time: number, number: number];

const rowsOf = ({ time, number }: { time: Float64Array; number: Float64Array }): Row[] => Array.from(time, (at, row) => [at, number[row] ?? 0]);
const columnsOf = (rows: readonly Row[]) => ({ time: Float64Array.from(rows, ([at]) => at), number: Float64Array.from(rows, ([, value]) => value) });

/** In two parts, the second first, as hot and filed samples may come. */
function chosen(method: 'minmax' | 'lttb', rows: readonly Row[], points: number, from = 0, to = 1000): Row[] {
  const downsampler = createDownsampler(method, { from, to, points });
  const half = Math.floor(rows.length / 2);
  downsampler.add(columnsOf(rows.slice(half)));
  downsampler.add(columnsOf(rows.slice(0, half)));
  return rowsOf(downsampler.chosen());
}

/** Written from the definition alone: every stretch by itself, in rows. */
function minMaxByDefinition(rows: readonly Row[], points: number, from: number, to: number): Row[] {
  if (rows.length <= points) return [...rows];
  const stretches = Math.floor(points / 2);
  const width = (to - from) / stretches;
  return Array.from({ length: stretches }, (_, stretch) => rows.filter(([at]) => Math.min(stretches - 1, Math.floor((at - from) / width)) === stretch)).flatMap(
    (members) => {
      const least = members.toSorted((a, b) => a[1] - b[1] || a[0] - b[0])[0];
      const greatest = members.toSorted((a, b) => b[1] - a[1] || a[0] - b[0])[0];
      if (least === undefined || greatest === undefined) return [];
      return [...new Set([least, greatest])].toSorted((a, b) => a[0] - b[0]);
    },
  );
}

/**
 * Each kept row is of its bucket and spans a triangle that none of its bucket exceeds, up to rounding. Buckets are lists, and areas come from the
 * determinant of the three corners: nothing is shared with what is tested.
 */
function expectLargestTriangles(kept: readonly Row[], rows: readonly Row[], points: number): void {
  expect(kept).toHaveLength(points);
  expect([kept[0], kept.at(-1)]).toStrictEqual([rows[0], rows.at(-1)]);
  const inner = rows.slice(1, -1);
  const edges = Array.from({ length: points - 1 }, (_, index) => Math.floor(index * (inner.length / (points - 2))));
  const buckets = [...edges.slice(0, -2).map((edge, index) => inner.slice(edge, edges[index + 1])), inner.slice(edges.at(-2)), rows.slice(-1)];
  for (let index = 0; index + 1 < buckets.length; index++) {
    const [next, bucket] = [buckets[index + 1] ?? [], buckets[index] ?? []];
    const [a = [0, 0] as const, picked = [0, 0] as const] = kept.slice(index, index + 2);
    const c = [next.reduce((sum, [at]) => sum + at, 0) / next.length, next.reduce((sum, [, value]) => sum + value, 0) / next.length] as const;
    const area = ([at, value]: Row) => Math.abs(a[0] * (value - c[1]) + at * (c[1] - a[1]) + c[0] * (a[1] - value)) / 2;
    expect(bucket).toContainEqual(picked);
    expect(area(picked)).toBeGreaterThanOrEqual(Math.max(...bucket.map(area)) - 1e-6);
  }
}

const arbitraryRows = fc
  .uniqueArray(fc.integer({ min: 0, max: 999 }), { maxLength: 200 })
  .chain((times) => fc.tuple(...times.toSorted((a, b) => a - b).map((at) => fc.integer({ min: -50, max: 50 }).map((value): Row => [at, value]))));

describe('downsampling', () => {
  it('keeps the least and the greatest of each stretch, the earlier of equal ones', () => {
    fc.assert(
      fc.property(arbitraryRows, fc.integer({ min: 3, max: 60 }), (rows, points) => {
        expect(chosen('minmax', rows, points)).toStrictEqual(minMaxByDefinition(rows, points, 0, 1000));
      }),
    );
  });

  it('keeps the largest triangles, and all rows when there are no more than asked for', () => {
    fc.assert(
      fc.property(arbitraryRows, fc.integer({ min: 3, max: 60 }), (rows, points) => {
        const kept = chosen('lttb', rows, points);
        if (rows.length <= points) expect(kept).toStrictEqual(rows);
        else expectLargestTriangles(kept, rows, points);
      }),
    );
  });

  it('never gives more than was asked for, nor a sample that is not there, and never loses the extremes with minmax', () => {
    fc.assert(
      fc.property(arbitraryRows, fc.integer({ min: 3, max: 60 }), fc.constantFrom('minmax' as const, 'lttb' as const), (rows, points, method) => {
        const kept = chosen(method, rows, points);
        expect(kept.length).toBeLessThanOrEqual(points);
        expect(kept.every(([at, value]) => rows.some((row) => row[0] === at && row[1] === value))).toBe(true);
        expect(kept.map(([at]) => at)).toStrictEqual(kept.map(([at]) => at).toSorted((a, b) => a - b));
        if (method !== 'minmax') return;
        expect(Math.max(...kept.map(([, value]) => value))).toBe(Math.max(...rows.map(([, value]) => value)));
        expect(Math.min(...kept.map(([, value]) => value))).toBe(Math.min(...rows.map(([, value]) => value)));
      }),
    );
  });

  it('refuses more samples than lttb can hold', () => {
    const downsampler = createDownsampler('lttb', { from: 0, to: 10, points: 3 }, 4);
    downsampler.add(columnsOf([[1, 1], [2, 2]])); // biome-ignore format: short
    expect(() => downsampler.add(columnsOf([[3, 1], [4, 2], [5, 3]]))).toThrow(expect.objectContaining({ code: 'limit_reached' })); // biome-ignore format: short
  });
});
