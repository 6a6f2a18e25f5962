import type { Random } from '../../../src/lib/simulation/random.ts';

/** Choices of a seeded source. */
export interface Chance {
  readonly random: Random;
  below(end: number): number;
  /** True in so many of 100 cases. */
  percent(share: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
  bytes(count: number): Buffer;
}

export function createChance(random: Random): Chance {
  const below = (end: number) => Math.floor(random() * end);
  return {
    random,
    below,
    percent: (share) => random() * 100 < share,
    pick: (values) => values[below(values.length)] as (typeof values)[number],
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}
