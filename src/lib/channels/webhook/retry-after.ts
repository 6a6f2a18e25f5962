/** A receiver that asks for longer is asked again all the same. */
const LONGEST_MS = 3_600_000;

/** Retry-After (RFC 9110): seconds, or a date. null: there is none, or it says nothing. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  if (text === '') return null;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_MS);
}
