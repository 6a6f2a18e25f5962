import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Decoded } from '../../../src/lib/formats/format.ts';
import { type FormatChooser, loadFormats } from '../../../src/lib/formats/registry.ts';

const NOW = 1_763_785_200_000;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('choosing a payload format', () => {
  let choose: FormatChooser;
  beforeAll(async () => {
    choose = await loadFormats();
  });
  const decode = (value: unknown, contentType: string | null = null, readingsMax = 100): Decoded | null =>
    choose(contentType, bytes(value))?.decode(bytes(value), { readingsMax, now: NOW }) ?? null;

  it('lets the content type decide and knows no format for a foreign one', () => {
    expect(choose('application/senml+json; charset=utf-8', bytes('{}'))).not.toBeNull();
    expect(choose('application/xml', bytes('{"a":1}'))).toBeNull();
    expect(decode([{ n: 'a', v: 1 }], 'application/json')).toMatchObject({ readings: [{ path: 'a', value: 1 }] });
    expect(decode({ a: 1 }, 'application/x-www-form-urlencoded')).toMatchObject({ readings: [{ path: 'a' }] });
  });

  it('never throws on any bytes or any JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytes)),
        fc.constantFrom(null, 'application/json', 'application/senml+json'),
        (payload, type) => {
          const decoded = choose(type, payload)?.decode(payload, { readingsMax: 10, now: NOW });
          if (decoded && !decoded.ok) expect(decoded.reason.length).toBeGreaterThan(5);
        },
      ),
    );
  });
});
