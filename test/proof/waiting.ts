import { availableParallelism, loadavg } from 'node:os';

/** Waits for a condition; false when it does not come true in time. */
export async function comesTrue(condition: () => boolean | Promise<boolean>, deadlineMs: number, everyMs = 5): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await pause(everyMs);
  }
  return true;
}

/** A pace or a moment left to chance, never a wait for something to have happened. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(fraction * sorted.length) - 1))] ?? Number.NaN;
}

export function rounded(value: number, digits = 0): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** 1 on a machine whose processors keep up; else how many times longer than that it takes for everything, by what waited in the last minute. */
export function slowdown(): number {
  return Math.max(1, (loadavg()[0] ?? 0) / (2 * availableParallelism()));
}
