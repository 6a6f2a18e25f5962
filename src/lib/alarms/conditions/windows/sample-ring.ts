/** Numbers with their times, oldest first; grows as it must. Of each slice of time the newest is kept, whenever the ring began: a restart gives the same ring. */
export interface SampleRing {
  /** Not older than the one before; one of the same slice takes its place. True: it began a new slice. */
  add(time: number, value: number): boolean;
  readonly size: number;
  /** Index 0 is the oldest; below `size`. */
  timeAt(index: number): number;
  valueAt(index: number): number;
  dropFirst(): void;
}

const FIRST_CAPACITY = 8;

/** `sliceMs` below 1: only samples of one time are of one slice. */
export function createSampleRing(sliceMs: number): SampleRing {
  return new GrowingRing(Math.max(1, sliceMs));
}

class GrowingRing implements SampleRing {
  size = 0;
  readonly #sliceMs: number;
  /** Powers of two, so that a position wraps with a mask. */
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #first = 0;
  #slice = Number.NaN;

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  add(time: number, value: number): boolean {
    const slice = Math.floor(time / this.#sliceMs);
    const isNew = slice !== this.#slice || this.size === 0;
    if (isNew) {
      if (this.size === this.#times.length) this.#grow();
      this.#slice = slice;
      this.size += 1;
    }
    const place = (this.#first + this.size - 1) & (this.#times.length - 1);
    this.#times[place] = time;
    this.#values[place] = value;
    return isNew;
  }

  timeAt(index: number): number {
    return this.#times[(this.#first + index) & (this.#times.length - 1)] as number;
  }

  valueAt(index: number): number {
    return this.#values[(this.#first + index) & (this.#values.length - 1)] as number;
  }

  dropFirst(): void {
    this.#first = (this.#first + 1) & (this.#times.length - 1);
    this.size -= 1;
  }

  #grow(): void {
    const [times, values] = [new Float64Array(this.#times.length * 2), new Float64Array(this.#times.length * 2)];
    for (let index = 0; index < this.size; index += 1) {
      times[index] = this.timeAt(index);
      values[index] = this.valueAt(index);
    }
    this.#times = times;
    this.#values = values;
    this.#first = 0;
  }
}
