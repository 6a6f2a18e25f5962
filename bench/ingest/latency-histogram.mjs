// Latencies by their size, to within 2 %: a run of minutes is millions of them, and what counts is to be cheap at each.

const STEPS = 64;
const MAGNITUDES = 32;

export class LatencyHistogram {
  #counts = new Float64Array(STEPS * MAGNITUDES);
  #count = 0;
  #maxMs = 0;

  get count() {
    return this.#count;
  }

  add(ms) {
    // Below 64 µs in steps of 1 µs, then 64 steps for each power of two.
    const micros = Math.max(0, Math.round(ms * 1000));
    const magnitude = micros < STEPS ? 0 : Math.floor(Math.log2(micros)) - 5;
    const index = magnitude === 0 ? micros : magnitude * STEPS + Math.floor(micros / 2 ** magnitude);
    this.#counts[Math.min(index, this.#counts.length - 1)] += 1;
    this.#count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  addAll(other) {
    for (let index = 0; index < this.#counts.length; index += 1) this.#counts[index] += other.#counts[index];
    this.#count += other.#count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  clear() {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }

  /** ms with two decimals, the upper end of the step. */
  summary() {
    return { p50Ms: this.#quantile(0.5), p99Ms: this.#quantile(0.99), p999Ms: this.#quantile(0.999), maxMs: rounded(this.#maxMs) };
  }

  #quantile(fraction) {
    const wanted = Math.max(1, Math.ceil(fraction * this.#count));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index += 1) {
      seen += this.#counts[index];
      if (seen < wanted) continue;
      const magnitude = Math.floor(index / STEPS);
      return rounded(Math.min(this.#maxMs, magnitude === 0 ? index / 1000 : ((index - magnitude * STEPS + 1) * 2 ** magnitude) / 1000));
    }
    return 0;
  }
}

function rounded(ms) {
  return Math.round(ms * 100) / 100;
}
