import type { SampleValue } from '../../../domain/value.ts';

/** The newest values of one point of one device. */
export class PointValues {
  /** Oldest first. Handed to expressions as they are, which only read them. */
  readonly values: SampleValue[] = [];
  readonly times: number[] = [];
  readonly #countMax: number;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** One of the same time as the newest takes its place. */
  add(time: number, value: SampleValue): void {
    const newest = this.times.length - 1;
    if (this.times[newest] === time) {
      this.values[newest] = value;
      return;
    }
    this.values.push(value);
    this.times.push(time);
    if (this.values.length <= this.#countMax) return;
    this.values.shift();
    this.times.shift();
  }

  forgetBefore(time: number): void {
    while ((this.times[0] ?? Number.POSITIVE_INFINITY) < time) {
      this.values.shift();
      this.times.shift();
    }
  }

  /** undefined: there is none. */
  get newest(): SampleValue | undefined {
    return this.values[this.values.length - 1];
  }

  get newestTime(): number {
    return this.times[this.times.length - 1] ?? Number.NEGATIVE_INFINITY;
  }
}
