import type { SampleRing } from '../windows/sample-ring.ts';
import type { Forecaster } from './forecaster.ts';

/** The straight line with the least squares of the distances. */
export function createLine(): Forecaster {
  return new Line();
}

class Line implements Forecaster {
  value = Number.NaN;
  slope = 0;
  // Sums over the closed slices, from an origin near them: times since 1970 squared would leave no digits.
  #originTime = 0;
  #originValue = 0;
  #count = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  learn(closed: SampleRing): void {
    this.#count = closed.size;
    this.#x = 0;
    this.#y = 0;
    this.#xx = 0;
    this.#xy = 0;
    if (closed.size === 0) return;
    this.#originTime = closed.timeAt(0);
    this.#originValue = closed.valueAt(0);
    // Anew each time, and not by adding and taking away: errors would gather, and differ after a restart.
    for (let index = 0; index < closed.size; index += 1) {
      const x = closed.timeAt(index) - this.#originTime;
      const y = closed.valueAt(index) - this.#originValue;
      this.#x += x;
      this.#y += y;
      this.#xx += x * x;
      this.#xy += x * y;
    }
  }

  predict(openTime: number, openValue: number, now: number): void {
    const openX = openTime - this.#originTime;
    const openY = openValue - this.#originValue;
    const count = this.#count + 1;
    const x = (this.#x + openX) / count;
    const y = (this.#y + openY) / count;
    const spread = this.#xx + openX * openX - count * x * x;
    this.slope = spread > 0 ? (this.#xy + openX * openY - count * x * y) / spread : 0;
    this.value = this.#originValue + y + this.slope * (now - this.#originTime - x);
  }
}
