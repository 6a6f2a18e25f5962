import type { Quality } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';

/** One decoded value, not yet checked against the fleet. */
export interface Reading {
  readonly path: string;
  readonly value: SampleValue;
  /** ms since 1970, or null for the hub's time of receipt. */
  readonly time: number | null;
  readonly quality: Quality;
  readonly unit: string | null;
}
