import type { SampleRing } from '../windows/sample-ring.ts';

/** Draws a line into the future from the means of slices of time. */
export interface Forecaster {
  /** The closed slices have changed. */
  learn(closed: SampleRing): void;
  /** With the open slice besides: sets `value` and `slope`. */
  predict(openTime: number, openValue: number, now: number): void;
  /** At the time of the prediction; NaN before the first. */
  readonly value: number;
  /** Per ms. */
  readonly slope: number;
}
