/** How long samples are kept: `90d`, `12w`, `2y` (a year has 365 days), or `forever`. */
export type Retention = string;

export const FOREVER: Retention = 'forever';
export const RETENTION_RULE = 'such as 90d, 12w or 2y, at most 100 years, or forever';

const PARTS = /^([1-9]\d{0,4})([dwy])$/;
const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, y: 365 };
const DAYS_MAX = 36_500;
const DAY_MS = 86_400_000;

export function isRetention(text: string): text is Retention {
  return text === FOREVER || daysOf(text) !== null;
}

/** ms; null: for ever. Text that is no retention keeps for ever too: what cannot be understood must not delete. */
export function retentionMs(retention: Retention): number | null {
  const days = daysOf(retention);
  return days === null ? null : days * DAY_MS;
}

function daysOf(text: string): number | null {
  const [, count = '', unit = ''] = PARTS.exec(text) ?? [];
  const days = Number(count) * (DAYS[unit] ?? 0);
  return days > 0 && days <= DAYS_MAX ? days : null;
}
