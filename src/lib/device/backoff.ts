export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
  /** ms of a clock that is never set. @default performance.now */
  readonly clock?: () => number;
}

/**
 * How long to wait before the next attempt: drawn anew from nothing to as long as the outage has lasted (full jitter), `firstMs` at least and `longestMs` at most. A thousand
 * devices that lost their hub in the same moment do not come back in the same moment; and what was away for ten seconds is back ten seconds later at the latest, however many short
 * waits it happened to draw. (Doubling with each attempt would send those into the longest wait.)
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: () => number;
  #since: number | null = null;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** `longest`: from the longest wait at once. */
  next(longest = false): number {
    const { firstMs, longestMs, random } = this.#options;
    const now = this.#clock();
    this.#since ??= now;
    return random() * (longest ? longestMs : Math.min(longestMs, Math.max(firstMs, now - this.#since)));
  }

  /** It worked: the next outage begins anew. */
  reset(): void {
    this.#since = null;
  }
}
