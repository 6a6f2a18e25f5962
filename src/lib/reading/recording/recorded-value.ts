import type { Quality } from '../../domain/point.ts';
import type { SampleValue } from '../../domain/value.ts';

/** One row of the file. A CSV cell is text; a field of an NDJSON object has its own type. */
export interface RecordedRow {
  /** Of the file, from 1. */
  readonly line: number;
  /** Values have their types already: text is text. */
  readonly typed: boolean;
  readonly names: readonly string[];
  /** Undefined when the row has no such column. */
  field(column: string): unknown;
  /** CSV: did the cell stand in quotes? */
  quoted(column: string): boolean;
}

/** One value to be reported. */
export interface RecordedValue {
  readonly line: number;
  readonly device: string;
  readonly point: string;
  /** ms since 1970 */
  readonly time: number;
  readonly value: SampleValue;
  readonly quality: Quality;
}

/** One value, or a whole row (`point` null), that is not taken. */
export interface FailedValue {
  readonly line: number;
  readonly device: string | null;
  readonly time: number | null;
  readonly point: string | null;
  readonly value: string | null;
  readonly code: string;
  readonly reason: string;
}

/** What stood in the file, as text with an end. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
