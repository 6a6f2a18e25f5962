/** How much goes into one transaction of work that comes by the thousand: as much as takes about so long, since everybody else's write waits behind it. */
export interface Bite {
  readonly size: number;
  /** So many took so long, from the wish to the disk. */
  took(count: number, elapsedMs: number): void;
}

export function createBite({ least, most, targetMs }: { readonly least: number; readonly most: number; readonly targetMs: number }): Bite {
  let size = Math.round((least + most) / 2);
  return {
    get size() {
      return size;
    },
    took(count, elapsedMs) {
      // A few say little of what many take.
      if (count < least) return;
      const ideal = (count * targetMs) / Math.max(1, elapsedMs);
      // Halfway: one slow write is no trend.
      size = Math.round(Math.min(most, Math.max(least, (size + ideal) / 2)));
    },
  };
}
