import { type SampleColumns, TAG } from '../../src/lib/storage/sample-columns.ts';

/** Columns of good numbers: [series, time, value] each. */
export function numbers(...rows: readonly (readonly [series: number, time: number, value: number])[]): SampleColumns {
  return {
    count: rows.length,
    series: Float64Array.from(rows, ([series]) => series),
    time: Float64Array.from(rows, ([, time]) => time),
    number: Float64Array.from(rows, ([, , value]) => value),
    tag: new Uint8Array(rows.length).fill(TAG.number),
    flags: new Uint8Array(rows.length),
    text: [],
  };
}
