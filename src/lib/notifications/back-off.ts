const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/** How long to wait after so many attempts that failed: 1 s, doubled each time up to 5 min; of that half to all, by chance, so that many do not come back at once. */
export function backOffMs(attempts: number, chance: number, longestMs = LONGEST_MS): number {
  const full = Math.min(longestMs, FIRST_MS * 2 ** Math.min(attempts - 1, 30));
  return Math.round(full / 2 + (full / 2) * chance);
}
