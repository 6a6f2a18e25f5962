import { MusterError } from '../errors/muster-error.ts';
import type { TimeStyle } from './time-style.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const HOURS_KEPT = 10_000;
const two = (value: number) => String(value).padStart(2, '0');

/**
 * Times as text: ms since 1970 for `epoch`; for `iso` with always three digits of a second, and `Z` in UTC or the zone's offset at
 * that moment. What changes once an hour is kept, so a million times of sorted rows cost a look-up each.
 */
export function createTimeText(style: TimeStyle, timezone: string): (ms: number) => string {
  if (style === 'epoch') return String;
  const offsetAt = createOffsetAt(timezone);
  // Rows sorted by series come through the same hours once per series.
  const hours = new Map<number, (ms: number) => string>();
  let hour = Number.NaN;
  let current: (ms: number) => string = String;
  return (ms) => {
    const at = Math.floor(ms / HOUR_MS);
    if (at !== hour) {
      hour = at;
      current = hours.get(at) ?? hourText(at, offsetAt);
      if (hours.size >= HOURS_KEPT) hours.clear();
      hours.set(at, current);
    }
    return current(ms);
  };
}

type OffsetAt = ((ms: number) => number) | null;

function hourText(hour: number, offsetAt: OffsetAt): (ms: number) => string {
  const start = hour * HOUR_MS;
  const offset = offsetAt?.(start) ?? 0;
  // A change of the clocks inside of this hour (Lord Howe Island has one) is looked up time by time.
  if (offsetAt !== null && offsetAt(start + HOUR_MS - 1) !== offset) return (ms) => localText(ms, offsetAt(ms));
  if (offset % HOUR_MS !== 0) return (ms) => localText(ms, offset);
  const head = new Date(start + offset).toISOString().slice(0, -10);
  const tail = offsetAt === null ? 'Z' : offsetText(offset);
  return (ms) => {
    const rest = ms - start;
    return `${head}${SECONDS[Math.floor(rest / 1000)]}${MILLISECONDS[rest % 1000]}${tail}`;
  };
}

const SECONDS = Array.from({ length: 3600 }, (_, second) => `${two(Math.floor(second / 60))}:${two(second % 60)}.`);
const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => String(ms).padStart(3, '0'));

function localText(ms: number, offset: number): string {
  return new Date(ms + offset).toISOString().slice(0, -1) + offsetText(offset);
}

function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE_MS;
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** ms to add to UTC; null for UTC itself. Offsets of the time before standard time are cut to whole minutes: the text stays the same moment. */
export function createOffsetAt(timezone: string): OffsetAt {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' });
  } catch (cause: unknown) {
    throw new MusterError('invalid', `There is no time zone ${timezone.slice(0, 60)}`, { cause, hint: 'Use an IANA name such as Europe/Berlin.' });
  }
  if (format.resolvedOptions().timeZone === 'UTC') return null;
  return (ms) => {
    const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /([+\u2212-])(\d+)(?::(\d+))?/.exec(name) ?? [];
    if (sign === undefined) return 0;
    return (sign === '+' ? 1 : -1) * (Number(hours) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
  };
}
