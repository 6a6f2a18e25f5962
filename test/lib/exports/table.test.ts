import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { csvTable } from '../../../src/lib/exports/csv/table.ts';
import { ndjsonTable } from '../../../src/lib/exports/ndjson/table.ts';
import { guardedText, type TableColumn, type TableFormat, type TableOptions } from '../../../src/lib/exports/table.ts';

interface Line {
  readonly at: number | null;
  readonly text: string | null;
  readonly value: unknown;
  readonly more: unknown;
}
const COLUMNS: readonly TableColumn<Line>[] = [
  { name: 'at', kind: 'time', value: ({ at }) => at },
  { name: 'text', kind: 'text', value: ({ text }) => text },
  { name: 'value', kind: 'any', value: ({ value }) => value },
  { name: 'more', kind: 'json', value: ({ more }) => more },
];
const LINES: readonly Line[] = [
  { at: 0, text: 'plain', value: 92.4, more: { a: [1, null] } },
  { at: 1_795_388_638_152, text: 'a "quoted",\nline', value: '-5 degrees', more: 'word' },
  { at: null, text: null, value: null, more: null },
  { at: 1, text: '', value: false, more: [] },
  { at: 2, text: "=cmd|' /C calc'!A0", value: -5, more: '=1' },
];

async function written(format: TableFormat, options: Partial<TableOptions> = {}): Promise<string> {
  async function* chunks() {
    yield LINES.slice(0, 2);
    yield LINES.slice(2);
  }
  const parts: Uint8Array[] = [];
  for await (const part of format.encode(chunks(), COLUMNS, { name: 'lines', time: 'iso', timezone: 'UTC', guarded: true, ...options })) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('a table as CSV', () => {
  it('is read back by another reader, with text that might be a formula behind a quote sign', async () => {
    const text = await written(csvTable);
    expect(parse(text)).toEqual([
      ['at', 'text', 'value', 'more'],
      ['1970-01-01T00:00:00.000Z', 'plain', '92.4', '{"a":[1,null]}'],
      ['2026-11-22T23:03:58.152Z', 'a "quoted",\nline', "'-5 degrees", '"word"'],
      ['', '', '', ''],
      ['1970-01-01T00:00:00.001Z', '', 'false', '[]'],
      ['1970-01-01T00:00:00.002Z', "'=cmd|' /C calc'!A0", '-5', '"=1"'],
    ]);
    // An empty text is another thing than nothing.
    expect(text.split('\n').slice(-4, -2)).toEqual([',,,', '1970-01-01T00:00:00.001Z,"",false,[]']);
  });

  it('leaves text as it is when it is told to, and writes times by zone or as ms', async () => {
    expect(parse(await written(csvTable, { guarded: false }))[5]?.[1]).toBe("=cmd|' /C calc'!A0");
    expect(parse(await written(csvTable, { timezone: 'Europe/Paris' }))[2]?.[0]).toBe('2026-11-23T00:03:58.152+01:00');
    expect(parse(await written(csvTable, { time: 'epoch' })).map(([at]: string[]) => at)).toEqual(['at', '0', '1795388638152', '', '1', '2']);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '\u00a0=1', '\u0000=1', '＝1', '\tx'])('guards %j', (text) => {
    expect(guardedText(text)).toBe(`'${text}`);
  });
  it.each(['', 'a=1', '5', "'=1", '(-1)', 'boiler/temperature', 'ä', ' x'])('leaves %j alone', (text) => {
    expect(guardedText(text)).toBe(text);
  });
});

describe('a table as NDJSON', () => {
  it('has every column in each line, nothing altered', async () => {
    const lines = (await written(ndjsonTable))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({ at: '1970-01-01T00:00:00.000Z', text: 'plain', value: 92.4, more: { a: [1, null] } });
    expect(lines[2]).toEqual({ at: null, text: null, value: null, more: null });
    expect(lines[4]).toMatchObject({ text: "=cmd|' /C calc'!A0", value: -5 });
    expect(JSON.parse((await written(ndjsonTable, { time: 'epoch' })).split('\n')[1] ?? '')).toMatchObject({ at: 1_795_388_638_152 });
  });
});
