import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvFormat } from '../../../../src/lib/exports/csv/encode.ts';
import { jsonFormat } from '../../../../src/lib/exports/json/encode.ts';
import { ndjsonFormat } from '../../../../src/lib/exports/ndjson/encode.ts';
import { createRowCounter } from '../../../../src/lib/reading/export/row-counter.ts';

const formats = { csv: csvFormat, ndjson: ndjsonFormat, json: jsonFormat } as const;

test.each(['csv', 'ndjson', 'json'] as const)('the rows of %s are counted whatever the texts hold and however the bytes are cut', async (format) => {
  const values = fc.array(fc.string({ unit: fc.constantFrom('a', '"', '\n', ',', 'é') }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(values, fc.integer({ min: 1, max: 50 }), fc.boolean(), async (all, size, atStart) => {
      async function* chunks() {
        yield all.map((value, time) => ({ time, device: 'd', point: 'p', value, quality: 'good', late: false }));
      }
      const counter = createRowCounter(format, atStart);
      for await (const part of formats[format].encode(chunks(), { layout: 'long', time: 'epoch', timezone: 'UTC', points: [], atStart })) {
        for (let at = 0; at < part.length; at += size) counter.count(part.subarray(at, at + size));
      }
      expect(counter.rows()).toBe(all.length);
    }),
  );
});

test('Parquet has no lines to count', () => {
  const counter = createRowCounter('parquet', true);
  counter.count(Buffer.from('PAR1\n\n'));
  expect(counter.rows()).toBeNull();
});
