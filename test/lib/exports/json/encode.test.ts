import { describe, expect, it } from 'vitest';
import type { ExportOptions, ExportRow } from '../../../../src/lib/exports/export-format.ts';
import { jsonFormat } from '../../../../src/lib/exports/json/encode.ts';

const OPTIONS: ExportOptions = { layout: 'long', time: 'epoch', timezone: 'UTC', points: ['a', 'b'], atStart: true };
const row = (point: string, time: number, value: unknown): ExportRow => ({ time, device: 'kiln-1', point, value, quality: 'good', late: false });

async function text(rows: readonly ExportRow[], options: Partial<ExportOptions> = {}): Promise<string> {
  async function* once() {
    yield rows;
  }
  let all = '';
  for await (const part of jsonFormat.encode(once(), { ...OPTIONS, ...options })) all += Buffer.from(part).toString();
  return all;
}

describe('JSON', () => {
  const rows = [1.5, -0, 5e-324, 'a"\n\u0000😀', true, null, { x: [1, {}] }].map((value, index) => row('a', index, value));

  it('is one document that holds every value as it is', async () => {
    expect(JSON.parse(await text(rows))).toStrictEqual(rows);
  });

  it('has a row for each line, so that other tools can cut it', async () => {
    const lines = (await text(rows)).split('\n');
    expect([lines[0], ...lines.slice(-2)]).toEqual(['[', ']', '']);
    expect(lines.slice(1, -2).map((line) => JSON.parse(line.replace(/,$/, '')) as unknown)).toStrictEqual(rows);
  });

  it('closes the bracket of a former part without opening another', async () => {
    const continued = await text(rows.slice(1), { atStart: false });
    expect(() => JSON.parse(continued) as unknown).toThrow();
    const first = JSON.stringify(rows[0]);
    expect(JSON.parse(`[\n${first}${continued}`)).toStrictEqual(rows);
  });

  it('has a key for each point with a sample in the wide layout', async () => {
    const wide = [row('b', 0, 1), row('a', 0, null), row('b', 5, 'x')];
    expect(JSON.parse(await text(wide, { layout: 'wide' }))).toStrictEqual([
      { time: 0, device: 'kiln-1', a: null, b: 1 },
      { time: 5, device: 'kiln-1', b: 'x' },
    ]);
  });
});
