import type { SampleRing } from '../windows/sample-ring.ts';
import type { Forecaster } from './forecaster.ts';

/** After a window the weight of a sample is down to 5 % (e^-3). */
const TIME_CONSTANTS = 3;

/**
 * Holt's double exponential smoothing for irregular times (D. J. Wright, Forecasting data published at irregular time intervals using an extension of Holt's
 * method, Management Science 32, 1986): weights fall with the time that passes, not with the count of samples.
 */
export function createHolt(windowMs: number): Forecaster {
  return new Holt(windowMs / TIME_CONSTANTS);
}

class Holt implements Forecaster {
  value = Number.NaN;
  slope = 0;
  readonly #timeConstantMs: number;
  // After the closed slices.
  #count = 0;
  #time = 0;
  #level = 0;
  #slope = 0;
  #weight = 1;

  constructor(timeConstantMs: number) {
    this.#timeConstantMs = timeConstantMs;
  }

  learn(closed: SampleRing): void {
    this.#count = 0;
    for (let index = 0; index < closed.size; index += 1) this.#step(closed.timeAt(index), closed.valueAt(index));
  }

  predict(openTime: number, openValue: number, now: number): void {
    const count = this.#count;
    const time = this.#time;
    const level = this.#level;
    const slope = this.#slope;
    const weight = this.#weight;
    this.#step(openTime, openValue);
    this.slope = this.#slope;
    this.value = this.#level + this.#slope * (now - openTime);
    this.#count = count;
    this.#time = time;
    this.#level = level;
    this.#slope = slope;
    this.#weight = weight;
  }

  #step(time: number, value: number): void {
    const elapsedMs = time - this.#time;
    if (this.#count < 2) {
      // The first is the level, the first two are the slope.
      this.#slope = this.#count === 0 ? 0 : (value - this.#level) / elapsedMs;
      this.#level = value;
      this.#weight = 1;
    } else {
      this.#weight /= this.#weight + Math.exp(-elapsedMs / this.#timeConstantMs);
      const before = this.#level;
      this.#level = (1 - this.#weight) * (before + this.#slope * elapsedMs) + this.#weight * value;
      this.#slope = (1 - this.#weight) * this.#slope + (this.#weight * (this.#level - before)) / elapsedMs;
    }
    this.#time = time;
    this.#count += 1;
  }
}
