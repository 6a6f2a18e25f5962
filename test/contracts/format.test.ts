import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUALITIES } from '../../src/lib/domain/point.ts';
import type { Reading } from '../../src/lib/formats/reading.ts';
import { FORMATS } from '../../src/lib/formats/registry.ts';

const NOW = 1_763_785_200_000;
/** What a device might send: any bytes, any JSON, and JSON that nearly is a report or a SenML pack. */
const almost = fc.array(
  fc.dictionary(
    fc.constantFrom('ts', 'values', 'quality', 'bn', 'bt', 'n', 'u', 'v', 'vs', 'vb', 'vd', 't', 'a/b', '__proto__'),
    fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.dictionary(fc.string(), fc.double())),
  ),
  { maxLength: 5 },
);
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.json().map((text) => Buffer.from(text)),
  almost.map((value) => Buffer.from(JSON.stringify(value))),
);

describe.each(FORMATS.map((definition) => [definition.name, definition] as const))('the payload format %s', (_name, definition) => {
  it('says what it is and which content types are its own', () => {
    expect(definition.summary.length).toBeGreaterThan(10);
    expect(definition.contentTypes.length).toBeGreaterThan(0);
    const foreign = FORMATS.filter((other) => other !== definition).flatMap(({ contentTypes }) => contentTypes);
    for (const type of definition.contentTypes) expect(foreign).not.toContain(type);
  });

  it('answers any bytes with readings or with a reason, and never throws', async () => {
    const format = await definition.load();
    fc.assert(
      fc.property(payloads, fc.integer({ min: 1, max: 5 }), (payload, readingsMax) => {
        definition.recognises(payload);
        const decoded = format.decode(payload, { readingsMax, now: NOW });
        if (!decoded.ok) {
          expect(decoded.reason.length).toBeGreaterThan(5);
          return;
        }
        expect(decoded.readings.length).toBeGreaterThan(0);
        expect(decoded.readings.length).toBeLessThanOrEqual(readingsMax);
        for (const reading of decoded.readings) expectReading(reading);
      }),
      { numRuns: 500 },
    );
  });

  it('does not change the bytes it is given', async () => {
    const format = await definition.load();
    const payload = Buffer.from('[{"n":"a","v":1}]');
    const before = Buffer.from(payload);
    format.decode(payload, { readingsMax: 10, now: NOW });
    expect(payload.equals(before)).toBe(true);
  });
});

function expectReading({ path, time, quality, value }: Reading): void {
  expect(typeof path).toBe('string');
  expect(time === null || Number.isInteger(time)).toBe(true);
  expect(QUALITIES).toContain(quality);
  expect(value).not.toBeUndefined();
}
