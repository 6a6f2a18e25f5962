export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
}

/**
 * Waits that double, each drawn anew between nothing and its length (full jitter), so that a thousand devices which lost their hub in the same moment do not come back in the same
 * moment. `longest` draws from the longest wait at once.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  next(longest = false): number {
    const { firstMs, longestMs, random } = this.#options;
    const ms = longest ? longestMs : Math.min(longestMs, firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return ms * random();
  }

  reset(): void {
    this.#attempts = 0;
  }
}
