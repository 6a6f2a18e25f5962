import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeReports, REPORT_FORMATS, type Report } from '../../../src/lib/device/report.ts';
import { loadFormats } from '../../../src/lib/formats/registry.ts';

const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), fc.boolean(), fc.string({ maxLength: 20 }));
const path = fc.constantFrom('temperature', 'boiler/temperature', 'pump', 'état');
const reports: fc.Arbitrary<(Report & { time: number })[]> = fc.array(
  fc.record({ time: fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 }), values: fc.dictionary(path, value, { minKeys: 1, maxKeys: 4 }) }),
  { minLength: 1, maxLength: 20 },
);

describe.each(REPORT_FORMATS)('a report in %s', (format) => {
  it('is read by the hub, without a content type, as the very values and milliseconds', async () => {
    const formatOf = await loadFormats();
    fc.assert(
      fc.property(reports, (sent) => {
        const { payload, count } = encodeReports(sent, format, 0, () => 0);
        const bytes = Buffer.from(payload as string);
        const decoded = formatOf(null, bytes)?.decode(bytes, { readingsMax: 10_000, now: 0 });
        const expected = sent.flatMap(({ time, values }) => Object.entries(values).map(([point, of]) => ({ path: point, value: of === 0 ? 0 : of, time })));
        expect(decoded).toMatchObject({ ok: true, readings: expected });
        expect(expected).toHaveLength(count);
      }),
    );
  });

  it('takes the time of its making when it has none, and looks up what time that was when it is sent', () => {
    const { payload, bytes } = encodeReports([{ values: { a: 1 } }, { values: { a: 2 }, time: 1_000 }], format, 17, (stamp) => 2_000 + stamp);
    const text = (payload as () => string)();
    expect(JSON.parse(text)).toEqual(
      format === 'json'
        ? [
            { ts: 2_017, values: { a: 1 } },
            { ts: 1_000, values: { a: 2 } },
          ]
        : [
            { bt: 2.017, n: 'a', v: 1 },
            { bt: 1, n: 'a', v: 2 },
          ],
    );
    expect(bytes).toBeGreaterThan(30);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])('refuses %s, for which JSON has no word', (value) => {
    expect(() => encodeReports([{ values: { a: value as number } }], format, 0, () => 0)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
