/** Beyond so many, groups that may tell again are forgotten: they are as if they had never told. */
const GROUPS_MAX = 10_000;

/** When each group of a channel may tell again. */
export interface GroupTimes {
  /** ms since 1970; 0: at once. */
  nextAt(key: string): number;
  told(key: string, at: number, intervalMs: number): void;
  shift(ms: number): void;
}

export function createGroupTimes(): GroupTimes {
  const next = new Map<string, number>();
  return {
    nextAt: (key) => next.get(key) ?? 0,
    shift(ms) {
      for (const [key, at] of next) next.set(key, at + ms);
    },
    told(key, at, intervalMs) {
      if (intervalMs <= 0) return;
      next.set(key, Math.max(next.get(key) ?? 0, at + intervalMs));
      if (next.size <= GROUPS_MAX) return;
      for (const [known, time] of next) if (time <= at) next.delete(known);
    },
  };
}
