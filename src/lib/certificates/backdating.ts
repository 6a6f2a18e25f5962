/** What is signed now counts from a little earlier: clocks of those who check it are wrong. */
export const BACKDATED_MS = 5 * 60_000;
