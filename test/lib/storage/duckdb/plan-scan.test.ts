import { describe, expect, test } from 'vitest';
import { cut } from '../../../../src/lib/storage/duckdb/plan-scan.ts';

const RANGE = { from: 100, to: 900 };

describe('a scan is cut into stretches', () => {
  test('that together are the range, whatever lies in it', () => {
    expect(cut(RANGE, [], 10)).toEqual([RANGE]);
    const densities = Array.from({ length: 50 }, (_, index) => ({ at: index * 20, rows: (index * 7) % 11 }));
    const stretches = cut(RANGE, densities, 10);
    expect(stretches.length).toBeGreaterThan(5);
    expect(stretches[0]?.from).toBe(100);
    expect(stretches.at(-1)?.to).toBe(900);
    for (const [index, { from, to }] of stretches.entries()) {
      expect(to).toBeGreaterThan(from);
      if (index > 0) expect(from).toBe(stretches[index - 1]?.to);
    }
  });

  test('with about as many samples as are wanted in each', () => {
    const files = [100, 200, 300, 400].map((at) => ({ at, rows: 4 }));
    expect(cut(RANGE, files, 8)).toEqual([
      { from: 100, to: 300 },
      { from: 300, to: 900 },
    ]);
  });

  test('and a file that holds more stays whole', () => {
    const densities = [
      { at: 100, rows: 1000 },
      { at: 500, rows: 0 },
      { at: 500, rows: 3 },
      { at: 600, rows: 3 },
    ];
    expect(cut(RANGE, densities, 10)).toEqual([
      { from: 100, to: 500 },
      { from: 500, to: 900 },
    ]);
  });
});
