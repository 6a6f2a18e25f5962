/** Percentiles of the last so many latencies: for a person who asks how it is now, not how it was since the start. */
export class RecentLatency {
  readonly #ring = new Float64Array(4096);
  #count = 0;

  add(ms: number): void {
    this.#ring[this.#count % this.#ring.length] = ms;
    this.#count += 1;
  }

  /** ms, or null before the first. `share` from 0 to 1. */
  percentile(share: number): number | null {
    if (this.#count === 0) return null;
    const sorted = this.#ring.slice(0, Math.min(this.#count, this.#ring.length)).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  }
}
