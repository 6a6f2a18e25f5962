import { createSampleRing, type SampleRing } from './sample-ring.ts';

/**
 * A window of time in slices of equal length, each with the mean of its samples: what a window of any length and any rate of samples comes down to. Slices lie fixed in time, so that
 * a window that is filled again after a restart is the same.
 */
export interface SliceMeans {
  /** Not older than the one before; one of the same time takes its place. True: a slice was closed, and others may have left the window. */
  add(time: number, value: number): boolean;
  /** Closed slices with samples, oldest first. */
  readonly closed: SampleRing;
  /** Of the slice of the newest sample. */
  readonly openTime: number;
  readonly openValue: number;
}

/** At most so many slices; none is shorter than 1 ms. */
export function createSliceMeans(windowMs: number, slicesMax: number): SliceMeans {
  const slices = Math.min(slicesMax, Math.ceil(windowMs));
  return new Means(windowMs / slices, slices);
}

class Means implements SliceMeans {
  readonly closed: SampleRing;
  openTime = Number.NaN;
  openValue = Number.NaN;
  readonly #sliceMs: number;
  readonly #slices: number;
  #slice = Number.NaN;
  // Of the open slice, without the newest sample: that may yet be replaced.
  #count = 0;
  #times = 0;
  #values = 0;
  #newestTime = Number.NaN;
  #newestValue = 0;

  constructor(sliceMs: number, slices: number) {
    this.#sliceMs = sliceMs;
    this.#slices = slices;
    this.closed = createSampleRing(sliceMs);
  }

  add(time: number, value: number): boolean {
    const slice = Math.floor(time / this.#sliceMs);
    const closes = slice !== this.#slice;
    if (closes) this.#close(slice);
    else if (time !== this.#newestTime) {
      this.#count += 1;
      this.#times += this.#newestTime - slice * this.#sliceMs;
      this.#values += this.#newestValue;
    }
    this.#newestTime = time;
    this.#newestValue = value;
    const start = slice * this.#sliceMs;
    this.openTime = start + (this.#times + time - start) / (this.#count + 1);
    this.openValue = (this.#values + value) / (this.#count + 1);
    return closes;
  }

  #close(slice: number): void {
    if (!Number.isNaN(this.#slice)) this.closed.add(this.openTime, this.openValue);
    this.#slice = slice;
    this.#count = 0;
    this.#times = 0;
    this.#values = 0;
    const firstKept = (slice - this.#slices + 1) * this.#sliceMs;
    while (this.closed.size > 0 && this.closed.timeAt(0) < firstKept) this.closed.dropFirst();
  }
}
