import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadFormats } from '../../../src/lib/formats/registry.ts';
import { PAYLOADS } from '../../../src/lib/simulation/choices.ts';
import { countValues, encodeReports, type TimedReport } from '../../../src/lib/simulation/payload.ts';

const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), fc.boolean(), fc.string({ maxLength: 20 }));
const path = fc.constantFrom('temperature', 'boiler/temperature', 'pump', 'état');
const reports: fc.Arbitrary<TimedReport[]> = fc.array(
  fc.record({ time: fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 }), values: fc.dictionary(path, value, { minKeys: 1, maxKeys: 4 }) }),
  { minLength: 1, maxLength: 20 },
);

describe.each(PAYLOADS)('a payload of simulated gateways in %s', (payload) => {
  it('is read by the hub, without a content type, as the very values and milliseconds', async () => {
    const formatOf = await loadFormats();
    fc.assert(
      fc.property(reports, (sent) => {
        const bytes = Buffer.from(encodeReports(sent, payload));
        const decoded = formatOf(null, bytes)?.decode(bytes, { readingsMax: 10_000, now: 0 });
        const expected = sent.flatMap(({ time, values }) => Object.entries(values).map(([point, of]) => ({ path: point, value: of === 0 ? 0 : of, time })));
        expect(decoded).toMatchObject({ ok: true, readings: expected });
        expect(expected).toHaveLength(countValues(sent));
      }),
    );
  });
});
