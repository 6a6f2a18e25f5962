/**
 * Durations in log-linear buckets: exact below 128 us, within 1.6 % above, in 16 kB however many are recorded.
 * The same idea as HdrHistogram's; the maximum and the mean are exact.
 */
const LINEAR_BITS = 7;
const SUB_BUCKETS = 2 ** (LINEAR_BITS - 1);
const LARGEST_BITS = 36; // 19 hours in microseconds

export interface LatencySummary {
  readonly count: number;
  /** All in ms; null when nothing was recorded. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

export interface Latency {
  record(ms: number): void;
  /** @param fraction 0.99 for p99. @returns ms, or null when nothing was recorded */
  quantile(fraction: number): number | null;
  merge(other: Latency): void;
  summary(): LatencySummary;
  readonly buckets: Float64Array;
  readonly count: number;
  readonly maxMs: number;
  readonly totalMs: number;
}

const BUCKETS = (LARGEST_BITS - LINEAR_BITS) * SUB_BUCKETS + 2 ** LINEAR_BITS;

function bucketOf(us: number): number {
  if (us < 2 ** LINEAR_BITS) return us;
  const exponent = us < 2 ** 31 ? 31 - Math.clz32(us) : Math.floor(Math.log2(us));
  if (exponent >= LARGEST_BITS) return BUCKETS - 1;
  const shift = exponent - LINEAR_BITS + 1;
  return shift * SUB_BUCKETS + Math.floor(us / 2 ** shift);
}

/** The largest duration that falls into the bucket, in us: a quantile is never told too low. */
function upperEdge(bucket: number): number {
  if (bucket < 2 ** LINEAR_BITS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const sub = bucket - shift * SUB_BUCKETS;
  return (sub + 1) * 2 ** shift - 1;
}

export function createLatency(): Latency {
  const buckets = new Float64Array(BUCKETS);
  let count = 0;
  let maxMs = 0;
  let totalMs = 0;

  function quantile(fraction: number): number | null {
    if (count === 0) return null;
    const rank = Math.max(1, Math.ceil(fraction * count));
    let seen = 0;
    for (let bucket = 0; bucket < buckets.length; bucket += 1) {
      seen += buckets[bucket] ?? 0;
      if (seen >= rank) return Math.min(upperEdge(bucket) / 1000, maxMs);
    }
    return maxMs;
  }

  return {
    record(ms) {
      const us = Math.max(0, Math.round(ms * 1000));
      const bucket = bucketOf(us);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
      totalMs += ms;
      if (ms > maxMs) maxMs = ms;
    },
    quantile,
    merge(other) {
      for (let bucket = 0; bucket < buckets.length; bucket += 1) buckets[bucket] = (buckets[bucket] ?? 0) + (other.buckets[bucket] ?? 0);
      count += other.count;
      totalMs += other.totalMs;
      maxMs = Math.max(maxMs, other.maxMs);
    },
    summary() {
      const rounded = (ms: number | null) => (ms === null ? null : Math.round(ms * 1000) / 1000);
      return {
        count,
        p50: rounded(quantile(0.5)),
        p95: rounded(quantile(0.95)),
        p99: rounded(quantile(0.99)),
        max: count === 0 ? null : rounded(maxMs),
        mean: count === 0 ? null : rounded(totalMs / count),
      };
    },
    get buckets() {
      return buckets;
    },
    get count() {
      return count;
    },
    get maxMs() {
      return maxMs;
    },
    get totalMs() {
      return totalMs;
    },
  };
}
