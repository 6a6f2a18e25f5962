import type { SampleItem } from '../../api/schema/samples.ts';
import { createRecentSet } from '../recent-set.ts';

/** The newest samples that were seen, up to a number of them: tells one that comes a second time. */
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
  const keys = createRecentSet(keysMax);
  return { has: (sample) => keys.has(keyOf(sample)), add: (sample) => keys.add(keyOf(sample)) };
}
