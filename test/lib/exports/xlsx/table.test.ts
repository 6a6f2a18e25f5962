import { describe, expect, it } from 'vitest';
import type { TableColumn, TableOptions } from '../../../../src/lib/exports/table.ts';
import { xlsxFormat } from '../../../../src/lib/exports/xlsx/encode.ts';
import { xlsxTable } from '../../../../src/lib/exports/xlsx/table.ts';
import { readXlsx, requireSpreadsheetReader } from '../../../helpers/read-xlsx.ts';

type Line = readonly [at: number | null, text: string | null, value: unknown, more?: unknown];
const COLUMNS: readonly TableColumn<Line>[] = [
  { name: 'at', kind: 'time', value: ([at]) => at },
  { name: 'text', kind: 'text', value: ([, text]) => text },
  { name: 'value', kind: 'any', value: ([, , value]) => value },
  { name: 'more', kind: 'json', value: ([, , , more]) => more },
];

async function* chunked<Row>(rows: readonly Row[]) {
  for (let at = 0; at < rows.length; at += 3) yield rows.slice(at, at + 3);
}
async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}
const written = (lines: readonly Line[], options: Partial<TableOptions> = {}) =>
  bytesOf(xlsxTable.encode(chunked(lines), COLUMNS, { name: 'lines', time: 'iso', timezone: 'UTC', guarded: true, ...options }));

describe('a workbook', () => {
  it('is read by another program: dates, numbers, truth, text and nothing, each as what it is', async (context) => {
    requireSpreadsheetReader(context);
    const [sheet, ...others] = readXlsx(
      await written([
        [1_795_388_638_152, 'Größe <&> "q"\nline', 92.4, { a: [1] }],
        [null, null, null, null],
        [0, '', true, []],
        [86_400_000 * 20_000 + 1, '😀', -5, 'x'],
        [1, 'a', Number.NaN, 1],
      ]),
    );
    expect(others).toEqual([]);
    expect(sheet).toEqual({
      name: 'lines',
      frozen: 'A2',
      rows: [
        ['at (UTC)', 'text', 'value', 'more'],
        ['2026-11-22T23:03:58.152000', 'Größe <&> "q"\nline', 92.4, '{"a":[1]}'],
        [null, null, null, null],
        ['1970-01-01T00:00:00', '', true, '[]'],
        ['2024-10-04T00:00:00.001000', '😀', -5, '"x"'],
        ['1970-01-01T00:00:00.001000', 'a', null, 1],
      ],
    });
  });

  it('has no formula, whatever its text looks like', async (context) => {
    requireSpreadsheetReader(context);
    const texts = ['=1+1', "=cmd|' /C calc'!A0", '+1', '-1', '@SUM(1)', '\t=1', '{=1}', '=HYPERLINK("http://x")'];
    const bytes = await written(texts.map((text) => [0, text, text] as const));
    const [sheet] = readXlsx(bytes);
    expect(sheet?.rows.slice(1).map(([, text]) => text)).toEqual(texts);
    expect(JSON.stringify(sheet)).not.toContain('formula');
  });

  it('shows times by the clock of a zone that its heading names, across changes of it, or as numbers', async (context) => {
    requireSpreadsheetReader(context);
    const summer = Date.parse('2026-10-25T00:59:59Z');
    const lines = [[summer, '', 0] as const, [summer + 1000, '', 0] as const];
    const [paris] = readXlsx(await written(lines, { timezone: 'Europe/Paris' }));
    expect(paris?.rows.map(([at]) => at)).toEqual(['at (Europe/Paris)', '2026-10-25T02:59:59', '2026-10-25T02:00:00']);
    const [epoch] = readXlsx(await written(lines, { time: 'epoch' }));
    expect(epoch?.rows.map(([at]) => at)).toEqual(['at', summer, summer + 1000]);
  });

  it('cuts what no cell can hold, and takes what no XML can', async (context) => {
    requireSpreadsheetReader(context);
    const [sheet] = readXlsx(await written([[0, 'x'.repeat(40_000), 'a\u0000b\u0008\ud800c']]));
    expect(String(sheet?.rows[1]?.[1])).toHaveLength(32_767);
    expect(String(sheet?.rows[1]?.[1])).toMatch(/x…$/);
    expect(String(sheet?.rows[1]?.[2])).toMatch(/^a.*b.*c$/s);
  });

  it('is written in constant memory: a hundred thousand rows, and whoever waits is not held up for long', async () => {
    async function* many() {
      for (let at = 0; at < 100; at += 1)
        yield Array.from({ length: 1000 }, (_, index) => [at * index, `alarm ${Math.sin(index + at)} of a device`, index / 7, { index }] as const);
    }
    let bytes = 0;
    let heapMax = 0;
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    for await (const part of xlsxTable.encode(many(), COLUMNS, { name: 'lines', time: 'iso', timezone: 'Europe/Paris', guarded: true })) {
      bytes += part.length;
      expect(part.length).toBeLessThan(1_000_000);
      heapMax = Math.max(heapMax, process.memoryUsage().arrayBuffers + process.memoryUsage().external - before);
    }
    expect(bytes).toBeGreaterThan(2_000_000);
    expect(heapMax).toBeLessThan(100e6);
  });
});

describe('samples in a workbook', () => {
  const row = (device: string, point: string, time: number, value: unknown) => ({ device, point, time, value, quality: 'good', late: false });
  const rows = [row('one', 'a', 1000, 1.5), row('one', 'b/c', 1000, '=2'), row('one', 'b/c', 2000, true), row('two', 'a', 1000, null)];

  it('stand in the long layout and in the wide one', async (context) => {
    requireSpreadsheetReader(context);
    const options = { time: 'iso', timezone: 'UTC', points: ['a', 'b/c'], atStart: true } as const;
    const [long] = readXlsx(await bytesOf(xlsxFormat.encode(chunked(rows), { ...options, layout: 'long' })));
    expect(long?.rows).toEqual([
      ['time (UTC)', 'device', 'point', 'value', 'quality', 'late'],
      ['1970-01-01T00:00:01', 'one', 'a', 1.5, 'good', false],
      ['1970-01-01T00:00:01', 'one', 'b/c', '=2', 'good', false],
      ['1970-01-01T00:00:02', 'one', 'b/c', true, 'good', false],
      ['1970-01-01T00:00:01', 'two', 'a', null, 'good', false],
    ]);
    const [wide] = readXlsx(await bytesOf(xlsxFormat.encode(chunked(rows), { ...options, layout: 'wide' })));
    expect(wide?.rows).toEqual([
      ['time (UTC)', 'device', 'a', 'b/c'],
      ['1970-01-01T00:00:01', 'one', 1.5, '=2'],
      ['1970-01-01T00:00:02', 'one', null, true],
      ['1970-01-01T00:00:01', 'two', null, null],
    ]);
  });
});
