import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvFormat } from '../../../../src/lib/exports/csv/encode.ts';
import type { ExportOptions, ExportRow } from '../../../../src/lib/exports/export-format.ts';

const OPTIONS: ExportOptions = { layout: 'long', time: 'iso', timezone: 'UTC', points: [], atStart: true };
const row = (point: string, time: number, value: unknown): ExportRow => ({ time, device: 'kiln-1', point, value, quality: 'good', late: false });

async function text(rows: readonly ExportRow[], options: Partial<ExportOptions> = {}): Promise<string> {
  async function* once() {
    yield rows;
  }
  let all = '';
  for await (const part of csvFormat.encode(once(), { ...OPTIONS, ...options })) all += Buffer.from(part).toString();
  return all;
}

/** What the quotes say about the type of a value, as an importer reads it. */
const cast = (value: string, { quoting }: { quoting: boolean }) => (quoting ? value : value === '' ? undefined : (JSON.parse(value) as unknown));

describe('CSV', () => {
  it('has a row per sample in the long layout', async () => {
    const rows = [row('a', 0, 71.4), { ...row('a', 1500, 'on'), quality: 'bad', late: true }, row('a', 2000, -0), row('a', 3000, 1e308)];
    expect(await text(rows)).toBe(
      'time,device,point,value,quality,late\n' +
        '1970-01-01T00:00:00.000Z,kiln-1,a,71.4,good,false\n' +
        '1970-01-01T00:00:01.500Z,kiln-1,a,"on",bad,true\n' +
        '1970-01-01T00:00:02.000Z,kiln-1,a,-0,good,false\n' +
        '1970-01-01T00:00:03.000Z,kiln-1,a,1e+308,good,false\n',
    );
  });

  it('has a row per device and time, and empty cells, in the wide layout', async () => {
    const rows = [row('b', 0, 1), row('a', 0, ''), row('b', 1000, false), { ...row('a', 1000, 2), device: 'kiln-2' }];
    expect(await text(rows, { layout: 'wide', points: ['a', 'b'], time: 'epoch' })).toBe(
      'time,device,a,b\n0,kiln-1,"",1\n1000,kiln-1,,false\n1000,kiln-2,2,\n',
    );
  });

  it('quotes text that looks like another type, and writes JSON as its text', async () => {
    const lines = (
      await text([row('a', 0, '12'), row('a', 1, 'true'), row('a', 2, ''), row('a', 3, null), row('a', 4, { x: [1, 'y'] })], { time: 'epoch' })
    ).split('\n');
    expect(lines.slice(1, -1).map((line) => line.split(',a,')[1]?.replace(',good,false', ''))).toEqual(['"12"', '"true"', '""', 'null', '"{""x"":[1,""y""]}"']);
  });

  it('leaves text that a spreadsheet takes for a formula as it is', async () => {
    expect(await text([row('a', 0, '=1+1')], { time: 'epoch', atStart: false })).toBe('0,kiln-1,a,"=1+1",good,false\n');
  });

  it('is read back exactly, value and type, by another CSV reader', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '"', '\r\n', 'a,b', ' x ', '0012', 'null'),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
        const csv = await text(
          values.map((each, index) => row('a', index, each)),
          { time: 'epoch' },
        );
        const read = parse(csv, {
          from_line: 2,
          cast: (field, context) => (context.column === 3 ? cast(field, context) : field),
          relax_column_count: false,
        }) as unknown[][];
        expect(read.map((fields) => fields[3])).toStrictEqual(values);
      }),
      { numRuns: 300 },
    );
  });
});
