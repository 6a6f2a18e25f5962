import { formatDuration } from '../../../domain/duration.ts';
import { createSortedValues, type SortedValues } from '../windows/sorted-values.ts';
import type { Comparison } from './comparison.ts';
import { robustDeviation } from './deviation.ts';

/** The newest values of all devices of a rule, by point: shared by their runs. */
export interface Siblings {
  ofPoint(device: string, point: string): Comparison;
}

/** Devices whose values are kept for each point. Those beyond are compared with them, but not they with those: so many say well enough what is usual. */
const SIBLINGS_MAX = 10_000;

export function createSiblings(windowMs: number): Siblings {
  return new SiblingsByPoint(windowMs);
}

export function isSiblings(shared: unknown): shared is Siblings {
  return shared instanceof SiblingsByPoint;
}

class SiblingsByPoint implements Siblings {
  readonly #windowMs: number;
  readonly #points = new Map<string, Newest>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  ofPoint(device: string, point: string): Comparison {
    let newest = this.#points.get(point);
    if (newest === undefined) {
      newest = new Newest(this.#windowMs);
      this.#points.set(point, newest);
    }
    return new AgainstSiblings(device, newest, `siblings within ${formatDuration(this.#windowMs)}`);
  }
}

/** The newest value of each device, and all of them in order. */
class Newest {
  readonly values: SortedValues = createSortedValues();
  readonly #windowMs: number;
  /** The one that reported longest ago is the first. */
  readonly #byDevice = new Map<string, { readonly time: number; readonly value: number }>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  take(device: string): void {
    const known = this.#byDevice.get(device);
    if (known === undefined) return;
    this.values.remove(known.value);
    this.#byDevice.delete(device);
  }

  put(device: string, time: number, value: number): void {
    if (this.#byDevice.size >= SIBLINGS_MAX) return;
    this.values.add(value);
    this.#byDevice.set(device, { time, value });
  }

  forgetOld(now: number): void {
    for (const [device, { time }] of this.#byDevice) {
      if (time > now - this.#windowMs) return;
      this.take(device);
    }
  }
}

class AgainstSiblings implements Comparison {
  readonly name: string;
  count = 0;
  median = Number.NaN;
  deviation = 0;
  readonly #device: string;
  readonly #newest: Newest;

  constructor(device: string, newest: Newest, name: string) {
    this.#device = device;
    this.#newest = newest;
    this.name = name;
  }

  look(time: number, value: number): void {
    const newest = this.#newest;
    newest.forgetOld(time);
    newest.take(this.#device);
    this.count = newest.values.size;
    this.median = newest.values.median();
    this.deviation = robustDeviation(newest.values, this.median);
    newest.put(this.#device, time, value);
  }
}
