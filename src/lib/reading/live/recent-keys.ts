import type { SampleItem } from '../../api/schema/samples.ts';

/** The newest keys that were seen, up to a number of them: tells a sample that comes a second time. */
export interface RecentKeys {
  /** False when it was there already. */
  add(sample: SampleItem): boolean;
  has(sample: SampleItem): boolean;
}

/** (device, point, time) is unique in the hub; the value is part of the key because a later write of the same time is news. */
export function keyOf(sample: SampleItem): string {
  return `${sample.device} ${sample.point} ${sample.time} ${JSON.stringify(sample.value)}`;
}

export function createRecentKeys(keysMax: number): RecentKeys {
  // Two generations: the older is forgotten whole when the younger is full.
  let young = new Set<string>();
  let old = new Set<string>();
  const has = (sample: SampleItem): boolean => {
    const key = keyOf(sample);
    return young.has(key) || old.has(key);
  };
  return {
    has,
    add(sample) {
      if (has(sample)) return false;
      if (young.size >= Math.ceil(keysMax / 2)) {
        old = young;
        young = new Set();
      }
      young.add(keyOf(sample));
      return true;
    },
  };
}
