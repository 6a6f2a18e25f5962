import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvFormat } from '../../../../src/lib/exports/csv/encode.ts';
import { ndjsonFormat } from '../../../../src/lib/exports/ndjson/encode.ts';
import { type PlanOptions, planImport } from '../../../../src/lib/reading/recording/import-plan.ts';
import { readCsv, readNdjson } from '../../../../src/lib/reading/recording/read-recording.ts';
import type { FailedValue, RecordedValue } from '../../../../src/lib/reading/recording/recorded-value.ts';
import { createRowReader, type KnownPoint } from '../../../../src/lib/reading/recording/row-reader.ts';

interface Known {
  readonly known?: Readonly<Record<string, Partial<KnownPoint>>>;
  readonly timezone?: string;
  readonly delimiter?: string;
}

async function read(text: string, options: PlanOptions & Known = {}, format: 'csv' | 'ndjson' = 'csv') {
  const recording = format === 'csv' ? await readCsv(Readable.from([text]), options.delimiter) : await readNdjson(Readable.from([text]));
  const plan = planImport(recording.header, options);
  const knownPoint = (_: string, path: string): KnownPoint | undefined => {
    const point = options.known?.[path];
    return point === undefined ? undefined : { kind: 'measure', valueType: 'number', min: null, max: null, ...point };
  };
  const readRow = createRowReader({ plan, timezone: options.timezone ?? 'UTC', knownPoint });
  const values: RecordedValue[] = [];
  const failed: FailedValue[] = [];
  for await (const row of recording.rows) {
    const result = readRow(row);
    values.push(...result.values);
    failed.push(...result.failed);
  }
  return { values, failed, plain: values.map(({ point, value }) => [point, value]) };
}

describe('rows of a recording', () => {
  test('become values with the line, the time in the zone and the device', async () => {
    const { values } = await read('timestamp;a\n2013-07-04 00:00:00;69.5\n2013-07-04 01:00:00;70\n', { device: 'd', timezone: 'Europe/Berlin' });
    expect(values).toEqual([
      { line: 2, device: 'd', point: 'a', time: Date.UTC(2013, 6, 3, 22), value: 69.5, quality: 'good' },
      { line: 3, device: 'd', point: 'a', time: Date.UTC(2013, 6, 3, 23), value: 70, quality: 'good' },
    ]);
  });

  test('an empty cell is no value; a number, a word, true and JSON have their types', async () => {
    const { plain, failed } = await read('time,n,s,b,j\n1700000000,1e3,on,TRUE,"{""a"":1}"\n1700000001,,,,\n', { device: 'd' });
    expect(plain).toEqual([
      ['n', 1000],
      ['s', 'on'],
      ['b', true],
      ['j', { a: 1 }],
    ]);
    expect(failed).toEqual([]);
  });

  test('a type that the hub knows decides: 007 stays text', async () => {
    const { plain } = await read('time,s,n\n1700000000,007,007\n', { device: 'd', known: { s: { valueType: 'string' } } });
    expect(plain).toEqual([
      ['s', '007'],
      ['n', 7],
    ]);
  });

  test('what cannot be taken is told with its line, value and reason, and the rest goes on', async () => {
    const known = { n: { min: 0, max: 10 }, v: { kind: 'virtual' } };
    const { values, failed } = await read('time,n,v\n1700000000,11,\n1700000001,-1,\n1700000002,NaN,\n1700000003,x,\nsoon,5,\n1700000005,,1\n1700000006,5,\n', {
      device: 'd',
      known,
    });
    expect(values.map(({ line, value }) => [line, value])).toEqual([[8, 5]]);
    expect(failed.map(({ line, point, code }) => [line, point, code])).toEqual([
      [2, 'n', 'out_of_range'],
      [3, 'n', 'out_of_range'],
      [4, 'n', 'no_value'],
      [5, 'n', 'wrong_type'],
      [6, null, 'bad_time'],
      [7, 'v', 'not_writable'],
    ]);
  });

  test('the first value of a new point gives its type, and a word for nothing gives none', async () => {
    const { plain, failed } = await read('time,p\n1700000000,NaN\n1700000001,1\n1700000002,on\n', { device: 'd' });
    expect(plain).toEqual([['p', 1]]);
    expect(failed.map(({ code }) => code)).toEqual(['no_value', 'wrong_type']);
  });

  test('a short row, a byte order mark, quotes and line breaks in them are no trouble', async () => {
    const { plain } = await read('\ufefftime,a,b\n1700000000,1\n1700000001,2,"x\ny"\n', { device: 'd' });
    expect(plain).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 'x\ny'],
    ]);
  });

  test('an empty file and a file of another kind are told', async () => {
    await expect(read('')).rejects.toMatchObject({ code: 'invalid' });
    await expect(read('time,a\n1,"x', { device: 'd' })).rejects.toMatchObject({ code: 'invalid' });
    await expect(read('time,a\n', {}, 'ndjson')).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('Line 1') });
  });

  test('NDJSON fields keep their types, and later objects may have other fields', async () => {
    const { plain } = await read('{"time":1700000000000,"device":"d","a":"1"}\n{"time":"2026-11-22T10:00:00Z","device":"d","b":2}\n', {}, 'ndjson');
    expect(plain).toEqual([
      ['a', '1'],
      ['b', 2],
    ]);
  });
});

describe('what an export wrote reads back value by value', () => {
  const json = fc.jsonValue().filter((value) => typeof value === 'object');
  const name = fc.stringMatching(/^[a-z][a-z0-9/"]{0,3}[a-z]$/).filter((text) => !text.includes('//') && !['time', 'device'].includes(text));
  // Text that is JSON with a comma or a quote in it is the one thing that CSV cannot tell: such a point must be known.
  const text = fc.string({ unit: 'binary' }).filter((value) => !/^[[{]/.test(value));
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), text, json);
  const rows = fc.uniqueArray(fc.record({ time: fc.integer({ min: 1e12, max: 2e12 }), point: name, value }), {
    selector: ({ time, point }) => `${time} ${point}`,
    maxLength: 12,
  });

  // One type for each point, as the hub has it: that of its first value.
  const typed = (all: readonly { time: number; point: string; value: unknown }[]) => {
    const types = new Map<string, string>();
    return all.filter(({ point, value: one }) => {
      const type = typeof one;
      if (!types.has(point)) types.set(point, type);
      return types.get(point) === type;
    });
  };

  const formats = { csv: csvFormat, ndjson: ndjsonFormat } as const;
  test.each([
    ['csv', 'long', 'iso', 'UTC'],
    ['csv', 'wide', 'epoch', 'UTC'],
    ['csv', 'wide', 'iso', 'America/St_Johns'],
    ['ndjson', 'long', 'iso', 'UTC'],
    ['ndjson', 'wide', 'epoch', 'UTC'],
  ] as const)('%s, %s, %s times in %s', async (format, layout, time, timezone) => {
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const all = typed(given)
          .map((row) => ({ ...row, device: 'd', quality: 'good', late: false }))
          .sort((one, other) => one.time - other.time);
        if (all.length === 0) return;
        const points = [...new Set(all.map(({ point }) => point))];
        async function* chunks() {
          yield all;
        }
        const parts: Uint8Array[] = [];
        for await (const part of formats[format].encode(chunks(), { layout, time, timezone, points, atStart: true })) parts.push(part);
        const { values, failed } = await read(Buffer.concat(parts).toString(), {}, format);
        expect(failed).toEqual([]);
        const key = (row: { time: number; point: string; value: unknown }) =>
          `${row.time} ${row.point} ${Object.is(row.value, -0) ? '-0' : JSON.stringify(row.value)}`;
        expect(values.map(key).sort()).toEqual(all.map(key).sort());
      }),
      { numRuns: 60 },
    );
  });
});
