import { describe, expect, it } from 'vitest';
import { type ExportOptions, type ExportRow, LAYOUTS } from '../../src/lib/exports/export-format.ts';
import { EXPORT_FORMATS } from '../../src/lib/exports/registry.ts';
import { findResumePoint } from '../../src/lib/exports/resume.ts';
import type { TableColumn } from '../../src/lib/exports/table.ts';

const OPTIONS: ExportOptions = { layout: 'long', time: 'iso', timezone: 'UTC', points: ['a', 'b/c', 'd'], atStart: true };
const row = (device: string, point: string, time: number, value: unknown): ExportRow => ({ time, device, point, value, quality: 'good', late: false });
const ROWS = [
  row('one', 'a', 1000, 1.5),
  row('one', 'a', 2000, 'two\n"lines", one comma'),
  row('one', 'b/c', 1000, true),
  row('one', 'b/c', 3000, { json: ['"', '\n', 'ü😀'] }),
  row('two', 'a', 1000, ''),
  row('two', 'd', 4000, '1970-01-01T00:00:09.000Z,"one",a,1,good,false\n'),
  row('two', 'd', 5000, null),
];
const byTime = (a: ExportRow, b: ExportRow) => (a.device === b.device ? a.time - b.time : a.device < b.device ? -1 : 1);
const ordered = (layout: ExportOptions['layout']) => (layout === 'wide' ? ROWS.toSorted(byTime) : ROWS);

async function* chunked(rows: readonly ExportRow[], size = 2): AsyncGenerator<readonly ExportRow[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

/** Text, row by row. What is binary has tests of its own. */
const STREAMED = EXPORT_FORMATS.filter(({ writer, binary }) => writer === 'stream' && !binary);
const TABLES = EXPORT_FORMATS.filter(({ loadTable }) => loadTable !== null);
const BY_ENGINE = EXPORT_FORMATS.filter(({ writer }) => writer === 'engine');

describe.each(EXPORT_FORMATS)('export format $name', (definition) => {
  it('names itself for people and programs', () => {
    expect(definition.name).toMatch(/^[a-z]+$/);
    expect(definition.extension).toMatch(/^[a-z]+$/);
    expect(definition.contentType).toMatch(/^[a-z]+\/[a-z.-]+/);
    expect(definition.summary.length).toBeGreaterThan(10);
  });
});

describe.each(BY_ENGINE)('export format $name', (definition) => {
  it('is written by the store alone', async () => {
    await expect(definition.load()).rejects.toMatchObject({ code: 'invalid' });
    expect(definition.resumable).toBe(false);
    expect(definition.binary).toBe(true);
  });
});

describe.each(STREAMED)('export format $name', (definition) => {
  async function encode(rows: readonly ExportRow[], options: Partial<ExportOptions> = {}): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of (await definition.load()).encode(chunked(rows), { ...OPTIONS, ...options })) parts.push(part);
    return Buffer.concat(parts);
  }

  describe.each(LAYOUTS)('in the %s layout', (layout) => {
    it('writes the same whatever the chunks of its input', async () => {
      const whole = await encode(ordered(layout), { layout });
      const format = await definition.load();
      for (const size of [1, 3, 100]) {
        const parts: Uint8Array[] = [];
        for await (const part of format.encode(chunked(ordered(layout), size), { ...OPTIONS, layout })) parts.push(part);
        expect(Buffer.concat(parts).toString()).toBe(whole.toString());
      }
    });

    it('gives its bytes in parts of about 64 kB', async () => {
      const many = Array.from({ length: 20_000 }, (_, index) => row('device', 'a', index, index));
      const sizes: number[] = [];
      for await (const part of (await definition.load()).encode(chunked(many, 4096), { ...OPTIONS, layout })) sizes.push(part.length);
      expect(sizes.length).toBeGreaterThan(5);
      expect(Math.max(...sizes)).toBeLessThan(80_000);
      expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(60_000);
    });

    it('is resumable: can be cut off at any byte and continued to the same file', async () => {
      expect(definition.resumable).toBe(true);
      const rows = ordered(layout);
      for (const time of ['iso', 'epoch'] as const) {
        const whole = await encode(rows, { layout, time });
        for (let cut = 0; cut <= whole.length; cut++) {
          const point = findResumePoint(definition.name, layout, { bytes: whole.subarray(0, cut), offset: 0 });
          const { last } = point ?? { last: null };
          const rest = rows.slice(
            last === null
              ? 0
              : rows.findLastIndex((r) => r.device === last.device && r.time === last.time && (layout === 'wide' || r.point === last.point)) + 1,
          );
          const continued = await encode(rest, { layout, time, atStart: last === null });
          expect(Buffer.concat([whole.subarray(0, point?.offset), continued]).toString(), `cut after ${cut} bytes`).toBe(whole.toString());
        }
      }
    });

    it('writes a whole file without any row', async () => {
      const text = (await encode([], { layout })).toString();
      if (definition.name === 'json') expect(JSON.parse(text)).toEqual([]);
      if (definition.name === 'ndjson') expect(text).toBe('');
      if (definition.name === 'csv') expect(text.split('\n')).toHaveLength(2);
    });
  });

  it('ends its input when nobody reads on', async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<readonly ExportRow[]> {
      try {
        for (let at = 0; ; at++) yield [row('device', 'a', at, at)];
      } finally {
        ended = true;
      }
    }
    for await (const _ of (await definition.load()).encode(endless(), OPTIONS)) break;
    expect(ended).toBe(true);
  });

  it('refuses a point that would hide a column of every wide row', async () => {
    await expect(encode(ROWS, { layout: 'wide', points: ['a', 'time'] })).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe.each(TABLES)('table format $name', ({ loadTable }) => {
  interface Line {
    readonly at: number | null;
    readonly text: string | null;
  }
  const columns: readonly TableColumn<Line>[] = [
    { name: 'at', kind: 'time', value: ({ at }) => at },
    { name: 'text', kind: 'text', value: ({ text }) => text },
  ];
  const options = { name: 'lines', time: 'iso', timezone: 'UTC', guarded: true } as const;

  it('writes a whole file without any row, in parts of a bounded size with many', async () => {
    const format = await loadTable?.();
    async function* many(count: number) {
      for (let at = 0; at < count; at += 500) yield Array.from({ length: 500 }, (_, index) => ({ at: at + index, text: `line ${Math.sin(at + index)}` }));
    }
    for (const count of [0, 50_000]) {
      const sizes: number[] = [];
      for await (const part of format?.encode(many(count), columns, options) ?? []) sizes.push(part.length);
      if (count > 0) expect(sizes.length).toBeGreaterThan(5);
      expect(Math.max(0, ...sizes)).toBeLessThan(1_000_000);
    }
  });

  it('ends its input when nobody reads on', async () => {
    let ended = false;
    async function* endless() {
      try {
        for (let at = 0; ; at += 1) yield [{ at, text: `${Math.random()}` }];
      } finally {
        ended = true;
      }
    }
    for await (const _ of (await loadTable?.())?.encode(endless(), columns, options) ?? []) break;
    expect(ended).toBe(true);
  });

  it('fails when its input fails', async () => {
    async function* failing() {
      yield [{ at: 1, text: 'a' }];
      throw new Error('the disk');
    }
    const read = async () => {
      for await (const _ of (await loadTable?.())?.encode(failing(), columns, options) ?? []);
    };
    await expect(read()).rejects.toThrow('the disk');
  });
});
