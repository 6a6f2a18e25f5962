import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SampleColumns, TAG } from '../../../../src/lib/storage/sample-columns.ts';
import { decodeJournal, encodeJournal, journalBytesOf } from '../../../../src/lib/storage/system/journal-codec.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const row = fc.record({
  series: fc.maxSafeNat(),
  time: fc.integer({ min: -1e12, max: 4e12 }),
  number: fc.double(),
  flags: fc.nat(7),
  text: fc.option(text, { nil: undefined }),
});
type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;

function columns(rows: readonly Row[]): SampleColumns {
  return {
    count: rows.length,
    series: Float64Array.from(rows, (each) => each.series),
    time: Float64Array.from(rows, (each) => each.time),
    number: Float64Array.from(rows, (each) => each.number),
    tag: Uint8Array.from(rows, (each) => (each.text === undefined ? TAG.number : TAG.string)),
    flags: Uint8Array.from(rows, (each) => each.flags),
    text: rows.flatMap((each, index) => (each.text === undefined ? [] : [[index, each.text] as const])),
  };
}

const parts = fc.array(fc.array(row, { maxLength: 50 }), { maxLength: 6 });

describe('the journal codec', () => {
  it('gives back what was written, parts joined in their order', () => {
    fc.assert(
      fc.property(parts, (groups) => {
        const bytes = encodeJournal(groups.map(columns));
        expect(decodeJournal(bytes, 1)).toEqual({ ok: true, value: columns(groups.flat()) });
      }),
    );
  });

  it('reads an entry that does not begin on a multiple of eight', () => {
    const bytes = encodeJournal([columns([{ series: 1, time: 2, number: 3.5, flags: 4, text: 'é' }])]);
    const shifted = new Uint8Array(bytes.byteLength + 3);
    shifted.set(bytes, 3);
    expect(decodeJournal(shifted.subarray(3), 1)).toEqual(decodeJournal(bytes, 1));
  });

  it('takes only the first `count` places of a column', () => {
    const wide = { ...columns([{ series: 1, time: 2, number: 3, flags: 0, text: undefined }]), series: new Float64Array(64).fill(1), count: 1 };
    const decoded = decodeJournal(encodeJournal([wide]), 1);
    expect(decoded.ok && decoded.value.series).toEqual(new Float64Array([1]));
  });

  it('never takes more bytes than its estimate and the header', () => {
    fc.assert(fc.property(fc.array(row), (rows) => encodeJournal([columns(rows)]).byteLength <= journalBytesOf(columns(rows)) + 24));
  });

  it('reports every changed bit as damage that names the entry', () => {
    fc.assert(
      fc.property(parts, fc.nat(), fc.nat(7), (groups, place, bit) => {
        const bytes = encodeJournal(groups.map(columns));
        const at = place % bytes.byteLength;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const decoded = decodeJournal(bytes, 4711);
        expect(decoded).toMatchObject({ ok: false, entry: 4711, reason: expect.stringContaining('journal entry 4711') });
      }),
    );
  });

  it('reports a cut or lengthened entry, and any other bytes, as damage', () => {
    fc.assert(
      fc.property(parts, fc.nat(), (groups, place) => {
        const bytes = encodeJournal(groups.map(columns));
        expect(decodeJournal(bytes.subarray(0, place % bytes.byteLength), 1).ok).toBe(false);
        expect(decodeJournal(Buffer.concat([bytes, new Uint8Array(1)]), 1).ok).toBe(false);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !decodeJournal(bytes, 1).ok));
  });
});
