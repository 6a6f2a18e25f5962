export interface RequestRateOptions {
  readonly perSecond: number;
  /** So many may come at once. */
  readonly burst: number;
  /** ms since 1970 */
  readonly clock: () => number;
  /** Who is told apart; beyond it the others wait. */
  readonly rememberedMax?: number;
}

/** How fast one may ask: a bucket for each. */
export interface RequestRate {
  /** How long to wait, in ms; null: go on, it is counted. */
  take(key: string): number | null;
}

export function createRequestRate({ perSecond, burst, clock, rememberedMax = 10_000 }: RequestRateOptions): RequestRate {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const fullAgainMs = (burst / perSecond) * 1_000;
  return {
    take(key) {
      const now = clock();
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        // One that is full again is as good as new.
        if (buckets.size >= rememberedMax) for (const [other, { at }] of buckets) if (now - at >= fullAgainMs) buckets.delete(other);
        if (buckets.size >= rememberedMax) return Math.ceil(fullAgainMs);
        bucket = { tokens: burst, at: now };
        buckets.set(key, bucket);
      }
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1_000);
      bucket.at = now;
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1_000) / perSecond);
      bucket.tokens -= 1;
      return null;
    },
  };
}
