const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
export const DURATION_RULE = 'a number with its unit: ms, s, m, h, d or w, such as 30s or 90d';

/** `30s`, `1.5h`, `500ms` as ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  if (!match || unit === undefined) return undefined;
  const duration = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(duration) && duration > 0 ? duration : undefined;
}
