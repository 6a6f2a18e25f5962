import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChartBucket, type ChartSeries, renderChart, rhythmOf, statisticsOf } from '../../../src/lib/reading/chart.ts';

const HOUR = 3_600_000;
const from = Date.parse('2026-11-22T00:00:00Z');
const options = { width: 26, height: 3, from, to: from + 24 * HOUR, everyMs: HOUR };
const bucket = (hour: number, avg: number, min = avg, max = avg, count = 1): ChartBucket => ({ time: from + hour * HOUR, avg, min, max, count });
const series = (buckets: readonly ChartBucket[], more: Partial<ChartSeries> = {}): ChartSeries => ({ name: 'p', unit: null, buckets, ...more });
const hours = (count: number, value: (hour: number) => number) => Array.from({ length: count }, (_, hour) => bucket(hour, value(hour)));

describe('a whole chart', () => {
  test('of a ramp with its axes, range and statistics', () => {
    expect(
      renderChart(
        [
          series(
            hours(24, (hour) => hour),
            { unit: '°C', decimals: 1 },
          ),
        ],
        options,
      ),
    ).toMatchInlineSnapshot(`
      [
        "°C",
        "40 ┤",
        "20 ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⣀⣀⣀⡠⠤⠤⠤⠒⠒⠒",
        " 0 ┤⣀⡠⠤⠤⠤⠔⠒⠒⠒⠉⠉⠁",
        "   └┬──────────┬──────────",
        "  11-22      12:00",
        "11-22 00:00 to 11-23 00:0…",
        "p",
        "  min 0.0  avg 11.5",
        "  max 23.0 °C  24 samples",
      ]
    `);
  });

  test('of points without units whose ranges lie far apart: a plot for each, under its name', () => {
    const temperature = series(
      hours(24, (hour) => hour),
      { name: 'temperature' },
    );
    const pressure = series(
      hours(24, (hour) => 1000 + hour),
      { name: 'pressure' },
    );
    const humidity = series(
      hours(24, (hour) => 40 + hour),
      { name: 'humidity' },
    );
    const lines = renderChart([temperature, pressure, humidity], { ...options, width: 60 });
    expect(lines.filter((line) => /^[a-z, ]+$/.test(line))).toEqual(['temperature, humidity', 'pressure']);
    expect(lines.filter((line) => /^ *\d+ ┤/.test(line)).map((line) => Number(line.slice(0, 4)))).toEqual([80, 40, 0, 1040, 1020, 1000]);
  });

  test.each([
    ['the same unit', { unit: '°C' }, 1],
    ['no unit', {}, 2],
  ])('of a small range beside a large one with %s', (_, unit, plots) => {
    const small = series(
      hours(24, (hour) => hour / 100),
      { name: 'small', ...unit },
    );
    const large = series(
      hours(24, (hour) => hour * 100),
      { name: 'large', ...unit },
    );
    const lines = renderChart([small, large], { ...options, width: 60 });
    expect(lines.filter((line) => line.includes('┤')).length).toBe(plots * 3);
  });

  test('of a gap: the line is open where buckets are missing', () => {
    const buckets = hours(24, () => 1).filter((_, hour) => hour < 6 || hour > 11);
    expect(renderChart([series(buckets)], { ...options, height: 2 })).toMatchInlineSnapshot(`
      [
        "1.1 ┤",
        "1.0 ┤⠉⠉⠉⠉⠉⠀⠀⠀⠀⠀⠈⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉",
        "    └┬─────────┬──────────",
        "   11-22     12:00",
        "11-22 00:00 to 11-23 00:0…",
        "p",
        "  min 1.00  avg 1.00",
        "  max 1.00  18 samples",
      ]
    `);
  });

  test('of a peak: one bucket shows its whole span', () => {
    const buckets = hours(24, () => 0).map((one, hour) => (hour === 12 ? { ...one, max: 10, avg: 1 } : one));
    expect(renderChart([series(buckets)], options)).toMatchInlineSnapshot(`
      [
        "10 ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇",
        " 5 ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡇",
        " 0 ┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣇⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀",
        "   └┬──────────┬──────────",
        "  11-22      12:00",
        "11-22 00:00 to 11-23 00:0…",
        "p",
        "  min 0.0  avg 0.0",
        "  max 10.0  24 samples",
      ]
    `);
  });

  test('of two lines with one unit: markers tell them apart', () => {
    const two = [
      series(
        hours(24, () => 1),
        { name: 'low', unit: 'V' },
      ),
      series(
        hours(24, () => 3),
        { name: 'high', unit: 'V' },
      ),
    ];
    expect(renderChart(two, { ...options, width: 46 })).toMatchInlineSnapshot(`
      [
        "V",
        "3 ┤⠈⠉⠉⠉⠉⠉▲⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉▲⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉▲",
        "2 ┤",
        "1 ┤●⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀●⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀●⣀⣀⣀⣀⣀⡀",
        "  └┬─────────┬──────────┬──────────┬──────────",
        " 11-22     06:00      12:00      18:00",
        "2026-11-22 00:00 to 2026-11-23 00:00 UTC",
        "● low  min 1.0  avg 1.0  max 1.0 V  24 samples",
        "▲ high",
        "  min 3.0  avg 3.0  max 3.0 V  24 samples",
      ]
    `);
  });

  test('of two units: two plots on one time axis', () => {
    const two = [
      series(
        hours(24, () => 1),
        { name: 'u', unit: 'V' },
      ),
      series(
        hours(24, () => 1000),
        { name: 'p', unit: 'hPa' },
      ),
    ];
    expect(renderChart(two, { ...options, width: 46 })).toMatchInlineSnapshot(`
      [
        "   V",
        "1.05 ┤",
        "1.00 ┤⠠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠄",
        "0.95 ┤",
        " hPa",
        "1050 ┤",
        "1000 ┤⠠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠄",
        " 950 ┤",
        "     └┬─────────┬─────────┬─────────┬─────────",
        "    11-22     06:00     12:00     18:00",
        "2026-11-22 00:00 to 2026-11-23 00:00 UTC",
        "u",
        "  min 1.000  avg 1.000  max 1.000 V",
        "  24 samples",
        "p",
        "  min 1000.0  avg 1000.0  max 1000.0 hPa",
        "  24 samples",
      ]
    `);
  });

  test('of a switch: off and on', () => {
    const buckets = hours(24, (hour) => (hour >= 12 ? 1 : 0));
    expect(renderChart([series(buckets, { boolean: true })], { ...options, width: 46 })).toMatchInlineSnapshot(`
      [
        " on ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢠⠋⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠁",
        "    │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡜",
        "off ┤⢀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣠⠃",
        "    └┬─────────┬─────────┬─────────┬──────────",
        "   11-22     06:00     12:00     18:00",
        "2026-11-22 00:00 to 2026-11-23 00:00 UTC",
        "p  on 50.00 % of 24 samples",
      ]
    `);
  });

  test('of nothing says so', () => {
    expect(renderChart([series([])], options)).toMatchInlineSnapshot(`
      [
        "1.0 ┤",
        "0.5 ┤",
        "0.0 ┤",
        "    └┬─────────┬──────────",
        "   11-22     12:00",
        "11-22 00:00 to 11-23 00:0…",
        "p",
        "  no samples in this range",
      ]
    `);
  });
});

test('one sample is one dot, and a constant stands in the middle', () => {
  const lines = renderChart([series([bucket(12, 20)])], options);
  const dots = lines
    .slice(0, 3)
    .join('')
    .replaceAll(/[^\u2801-\u28ff]/g, '');
  expect(dots).toHaveLength(1);
  expect(lines[1]).toContain(dots);
});

test('samples rarer than the buckets are joined by their own rhythm, and a pause in it is not', () => {
  const everyThird = [0, 3, 6, 9, 12, 21].map((hour) => bucket(hour, 1));
  expect(rhythmOf(everyThird, HOUR)).toBe(3 * HOUR);
  const line = renderChart([series(everyThird)], { ...options, width: 60, height: 2 }).find((text) => /[\u2801-\u28ff]/.test(text)) ?? '';
  expect(line).toMatch(/[\u2801-\u28ff]{20,}\u2800{10,}[\u2801-\u28ff]/);
  const strict = renderChart([series(everyThird)], { ...options, width: 60, height: 2, joinWithinMs: HOUR }).find((text) => /[\u2801-\u28ff]/.test(text)) ?? '';
  expect(strict).not.toMatch(/[\u2801-\u28ff]{4,}/);
});

test('colours are asked for, and come per line', () => {
  const two = [
    series(
      hours(24, () => 1),
      { name: 'a' },
    ),
    series(
      hours(24, () => 3),
      { name: 'b' },
    ),
  ];
  expect(renderChart(two, options).join('')).not.toContain('\u001b');
  const colored = renderChart(two, { ...options, color: true }).join('');
  expect(colored).toContain('\u001b[36m');
  expect(colored).toContain('\u001b[33m');
});

test('the average of all weighs each bucket by its samples', () => {
  expect(statisticsOf([bucket(0, 1, 0, 2, 3), bucket(1, 5, 5, 5, 1)])).toEqual({ min: 0, max: 5, avg: 2, count: 4 });
  expect(statisticsOf([])).toBeNull();
});

test('no data make a line wider than asked, or show NaN', () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true });
  const buckets = fc.array(fc.tuple(fc.integer({ min: 0, max: 23 }), value, value, value), { maxLength: 24 }).map((rows) =>
    [...new Map(rows.map((row) => [row[0], row])).values()]
      .sort((one, other) => one[0] - other[0])
      .map(([hour, a, b, c]) => {
        const [min = 0, avg = 0, max = 0] = [a, b, c].sort((one, other) => one - other);
        return bucket(hour, avg, min, max);
      }),
  );
  const one = fc.record({ name: fc.string({ maxLength: 60, unit: 'grapheme-ascii' }), unit: fc.constantFrom(null, 'V', 'hPa'), buckets });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), fc.integer({ min: 30, max: 120 }), fc.integer({ min: 2, max: 20 }), (all, width, height) => {
      for (const line of renderChart(all, { ...options, width, height })) {
        expect(line.length).toBeLessThanOrEqual(width);
        expect(line).not.toMatch(/NaN|Infinity|undefined/);
      }
    }),
  );
});

test('the average of numbers near the end of the range of doubles is one of them', () => {
  const bucket = (time: number, value: number) => ({ time, avg: value, min: value, max: value, count: 1 });
  const lines = renderChart([{ name: 'p', unit: null, buckets: [bucket(0, -1.784e308), bucket(3_600_000, 1.356e306)] }], { ...options, width: 40, height: 4 });
  expect(lines.join('\n')).not.toMatch(/NaN|Infinity/);
});
