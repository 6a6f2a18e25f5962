import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExportOptions, ExportRow } from '../../../../src/lib/exports/export-format.ts';
import { ndjsonFormat } from '../../../../src/lib/exports/ndjson/encode.ts';

const OPTIONS: ExportOptions = { layout: 'long', time: 'epoch', timezone: 'UTC', points: ['a', 'b'], atStart: true };
const row = (point: string, time: number, value: unknown): ExportRow => ({ time, device: 'kiln-1', point, value, quality: 'good', late: false });

async function text(rows: readonly ExportRow[], options: Partial<ExportOptions> = {}): Promise<string> {
  async function* once() {
    yield rows;
  }
  let all = '';
  for await (const part of ndjsonFormat.encode(once(), { ...OPTIONS, ...options })) all += Buffer.from(part).toString();
  return all;
}

describe('NDJSON', () => {
  it('holds every value as it is, an object for each line', async () => {
    const rows = [1.5, -0, 5e-324, 'a"\n\u0000😀\u2028', true, null, { x: [1, {}] }].map((value, index) => row('a', index, value));
    const lines = (await text(rows)).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toStrictEqual(rows);
  });

  it('keeps any text and any JSON in one line', async () => {
    // JSON.stringify writes the -0 within an object as 0: only what it makes of a value can come back.
    const json = fc.jsonValue().map((each) => JSON.parse(JSON.stringify(each)) as unknown);
    const value = fc.oneof(fc.string({ unit: 'binary' }), json);
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 10 }), async (values) => {
        const lines = (await text(values.map((each, index) => row('a', index, each)))).trimEnd().split('\n');
        expect(lines.map((line) => (JSON.parse(line) as ExportRow).value)).toStrictEqual(values);
      }),
      { numRuns: 200 },
    );
  });

  it('writes times as ISO text with the offset of the zone', async () => {
    expect(await text([row('a', 0, 1)], { time: 'iso', timezone: 'Europe/Berlin' })).toBe(
      '{"time":"1970-01-01T01:00:00.000+01:00","device":"kiln-1","point":"a","value":1,"quality":"good","late":false}\n',
    );
  });

  it('has a key for each point with a sample in the wide layout', async () => {
    const wide = [row('b', 0, 1), row('a', 0, null), row('b', 5, 'x')];
    expect(await text(wide, { layout: 'wide' })).toBe('{"time":0,"device":"kiln-1","a":null,"b":1}\n{"time":5,"device":"kiln-1","b":"x"}\n');
  });
});
