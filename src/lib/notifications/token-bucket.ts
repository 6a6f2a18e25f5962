/** `burst` at once, and `perMinute` on average. Times in ms since 1970. */
export interface TokenBucket {
  available(now: number): number;
  /** false: there is none, and nothing was taken. */
  take(now: number): boolean;
  /** When there will be one; `now` when there is. */
  nextAt(now: number): number;
}

export function createTokenBucket(perMinute: number, burst: number, start: number): TokenBucket {
  let tokens = burst;
  let at = start;
  const fill = (now: number): void => {
    // A clock that was set back must not stop the filling until it has caught up.
    if (now > at) tokens = Math.min(burst, tokens + ((now - at) * perMinute) / 60_000);
    at = now;
  };
  return {
    available(now) {
      fill(now);
      return Math.floor(tokens + 1e-9);
    },
    take(now) {
      fill(now);
      if (tokens < 1 - 1e-9) return false;
      tokens -= 1;
      return true;
    },
    nextAt(now) {
      fill(now);
      return tokens >= 1 - 1e-9 ? now : now + Math.ceil(((1 - tokens) * 60_000) / perMinute);
    },
  };
}
