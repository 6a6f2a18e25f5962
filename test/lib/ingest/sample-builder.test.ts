import fc from 'fast-check';
import { expect, it } from 'vitest';
import { QUALITIES } from '../../../src/lib/domain/point.ts';
import type { SampleValue } from '../../../src/lib/domain/value.ts';
import type { PointEntry } from '../../../src/lib/fleet/directory.ts';
import { createNewestValues } from '../../../src/lib/fleet/newest-values.ts';
import { SampleBuilder } from '../../../src/lib/ingest/sample-builder.ts';
import { qualityOf, sampleValueOf } from '../../../src/lib/storage/sample-columns.ts';
import { aPoint } from '../../helpers/fleet.ts';

const entries: PointEntry[] = [1, 2, 3].map((series) => createNewestValues().entryOf(aPoint('d', `p${series}`, series)));
const sample = fc.record({
  entry: fc.constantFrom(...entries),
  time: fc.integer({ min: 0, max: 4e12 }),
  value: fc.oneof(fc.double({ noNaN: true }), fc.boolean(), fc.string(), fc.jsonValue()) as fc.Arbitrary<SampleValue>,
  quality: fc.constantFrom(...QUALITIES),
  late: fc.boolean(),
});

it('gives back every sample of every message as it was, and writes the same into the columns', () => {
  fc.assert(
    fc.property(fc.array(fc.array(sample, { maxLength: 20 }), { maxLength: 10 }), (messages) => {
      const builder = new SampleBuilder(1);
      for (const message of messages) builder.add(message);
      const all = messages.flat();
      expect(builder.count).toBe(all.length);
      const { series, time, number, tag, flags, text } = builder.columns();
      const texts = new Map(text);
      for (const [index, expected] of all.entries()) {
        expect(builder.entry(index)).toBe(expected.entry);
        expect([builder.time(index), builder.quality(index), builder.late(index)]).toEqual([expected.time, expected.quality, expected.late]);
        expect(builder.value(index)).toEqual(expected.value);
        expect([series[index], time[index], qualityOf(flags[index] ?? 0)]).toEqual([expected.entry.point.series, expected.time, expected.quality]);
        const stored = sampleValueOf(tag[index] ?? 0, number[index] ?? 0, texts.get(index) ?? null);
        // As JSON, which has no -0.
        expect(JSON.stringify(stored)).toBe(JSON.stringify(expected.value));
      }
      expect(() => builder.entry(all.length)).toThrow(RangeError);
    }),
  );
});
