/** All time limits of connections go by one clock that moves in steps: a timer for each of 50,000 clients would cost more than it is worth. */
export const TICK_MS = 250;

/** Steps that last at least so long. */
export function ticksOf(milliseconds: number): number {
  return Math.ceil(milliseconds / TICK_MS);
}
