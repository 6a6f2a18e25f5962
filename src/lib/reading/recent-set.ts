/** The newest keys that were seen, up to a number of them: tells what comes a second time. */
export interface RecentSet {
  /** False when it was there already. */
  add(key: string): boolean;
  has(key: string): boolean;
}

export function createRecentSet(keysMax: number): RecentSet {
  // Two generations: the older is forgotten whole when the younger is full.
  let young = new Set<string>();
  let old = new Set<string>();
  const has = (key: string): boolean => young.has(key) || old.has(key);
  return {
    has,
    add(key) {
      if (has(key)) return false;
      if (young.size >= Math.ceil(keysMax / 2)) {
        old = young;
        young = new Set();
      }
      young.add(key);
      return true;
    },
  };
}
