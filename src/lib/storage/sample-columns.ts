import type { Quality } from '../domain/point.ts';
import { QUALITIES } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';

/**
 * Samples as columns, the one shape between the event loop, the journal and the sample store: buffers
 * move between threads by transfer, not by copy. Row i is (series[i], time[i]) and its value.
 *
 * `tag[i]` says where the value is: number in `number[i]`, boolean in `number[i]` as 0 or 1, string and JSON
 * in `text` under the key i (JSON as its text).
 */
export interface SampleColumns {
  readonly count: number;
  readonly series: Float64Array;
  /** ms since 1970 */
  readonly time: Float64Array;
  readonly number: Float64Array;
  readonly tag: Uint8Array;
  /** bits 0-1: index into QUALITIES; bit 2: late */
  readonly flags: Uint8Array;
  readonly text: readonly (readonly [index: number, text: string])[];
}

export const TAG = { number: 0, boolean: 1, string: 2, json: 3 } as const;
export const LATE_FLAG = 4;

export function flagsOf(quality: Quality, late: boolean): number {
  return QUALITIES.indexOf(quality) | (late ? LATE_FLAG : 0);
}

export function qualityOf(flags: number): Quality {
  return QUALITIES[flags & 3] ?? 'bad';
}

export function tagOf(value: SampleValue): number {
  const type = typeof value;
  return type === 'number' ? TAG.number : type === 'boolean' ? TAG.boolean : type === 'string' ? TAG.string : TAG.json;
}

/** The value behind a stored (tag, number, text); the inverse of `tagOf` and the builder. */
export function sampleValueOf(tag: number, number: number, text: string | null): SampleValue {
  switch (tag) {
    case TAG.number:
      return number;
    case TAG.boolean:
      return number !== 0;
    case TAG.string:
      return text ?? '';
    default:
      return text === null ? null : (JSON.parse(text) as SampleValue);
  }
}
