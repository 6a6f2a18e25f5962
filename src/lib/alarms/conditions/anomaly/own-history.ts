import { formatDuration } from '../../../domain/duration.ts';
import { createSampleRing, type SampleRing } from '../windows/sample-ring.ts';
import { createSortedValues, type SortedValues } from '../windows/sorted-values.ts';
import type { Comparison } from './comparison.ts';
import { robustDeviation } from './deviation.ts';

/** Values of a window, at most: the newest of each slice of it. */
export const SLICES = 1024;

/** The values of the point before the present slice, which is left out so that a value is not compared with itself. */
export function createOwnHistory(windowMs: number): Comparison {
  return new OwnHistory(windowMs);
}

class OwnHistory implements Comparison {
  readonly name: string;
  median = Number.NaN;
  deviation = 0;
  readonly #windowMs: number;
  readonly #ring: SampleRing;
  /** Those of the ring without its newest. */
  readonly #values: SortedValues = createSortedValues();

  constructor(windowMs: number) {
    this.name = `values of its own in ${formatDuration(windowMs)}`;
    this.#windowMs = windowMs;
    this.#ring = createSampleRing(windowMs / SLICES);
  }

  get count(): number {
    return this.#values.size;
  }

  look(time: number, value: number): void {
    const ring = this.#ring;
    let changed = false;
    if (ring.add(time, value) && ring.size > 1) {
      this.#values.add(ring.valueAt(ring.size - 2));
      changed = true;
    }
    while (ring.size > 1 && ring.timeAt(0) <= time - this.#windowMs) {
      this.#values.remove(ring.valueAt(0));
      ring.dropFirst();
      changed = true;
    }
    if (!changed) return;
    this.median = this.#values.median();
    this.deviation = robustDeviation(this.#values, this.median);
  }
}
