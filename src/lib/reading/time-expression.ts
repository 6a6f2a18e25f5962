import { readDuration } from '../domain/duration.ts';
import { instantOf, startOfDay, utcOf, type WallTime } from '../domain/time-zone.ts';
import { MusterError } from '../errors/muster-error.ts';

export interface TimeContext {
  /** ms since 1970: what relative times count from. */
  readonly now: number;
  /** IANA name: the zone of times that name none, and of today and yesterday. */
  readonly timezone: string;
}

const TIME_RULE = 'now, -2h, now-1d, today, yesterday, 2026-11-22, 2026-11-22T10:00 (with Z or +01:00, or read in --timezone) or epoch seconds or ms';

const RELATIVE = /^(now|today|yesterday|tomorrow)?(?:([+-])(.+))?$/;
const EPOCH = /^\d{1,15}(\.\d{1,6})?$/;
/**
 * Below this a number counts seconds, from it on milliseconds: as seconds it is the year 5138, as milliseconds 1973.
 * Nothing that a fleet reports lies on the wrong side.
 */
const EPOCH_SECONDS_BELOW = 1e11;
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;
const DAY_OF: Readonly<Record<string, number>> = { today: 0, yesterday: -1, tomorrow: 1 };
/** What a Date can hold, in ms to both sides of 1970. */
const DATE_MAX = 8.64e15;

/** ms since 1970, or null when the text is no time. */
export function readTime(text: string, context: TimeContext): number | null {
  const time = readEpoch(text) ?? readIso(text, context.timezone) ?? readRelative(text, context);
  return time === null || Math.abs(time) > DATE_MAX ? null : time;
}

/** The same; throws MusterError `usage`. */
export function parseTime(text: string, context: TimeContext): number {
  const time = readTime(text.trim(), context);
  if (time === null) throw new MusterError('usage', `"${text.slice(0, 60)}" is not a time.`, { hint: `Write it as ${TIME_RULE}.` });
  return time;
}

/** An absolute time (ISO 8601 or epoch): what stands in a file, where "yesterday" would mean nothing. */
export function readAbsoluteTime(text: string, timezone: string): number | null {
  return readEpoch(text) ?? readIso(text, timezone);
}

function readEpoch(text: string): number | null {
  if (!EPOCH.test(text)) return null;
  const number = Number(text);
  return Math.round(number < EPOCH_SECONDS_BELOW ? number * 1000 : number);
}

function readRelative(text: string, { now, timezone }: TimeContext): number | null {
  const match = RELATIVE.exec(text.toLowerCase());
  if (match === null || text === '') return null;
  const [, anchor = 'now', sign, distance] = match;
  const day = DAY_OF[anchor];
  const start = day === undefined ? now : startOfDay(now, timezone, day);
  if (sign === undefined || distance === undefined) return start;
  const duration = readDuration(distance);
  if (duration === null) return null;
  return sign === '-' ? start - duration : start + duration;
}

function readIso(text: string, timezone: string): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const wall: WallTime = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    // Finer than a millisecond is cut, not rounded: rounding could move a time into the next second.
    millisecond: Number(fraction.slice(0, 3).padEnd(3, '0')),
  };
  if (!isOnTheCalendar(wall)) return null;
  if (zone === undefined) return instantOf(wall, timezone);
  const offset = readOffset(zone);
  return offset === null ? null : utcOf(wall) - offset;
}

function isOnTheCalendar({ year, month, day, hour, minute, second }: WallTime): boolean {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return false;
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return day <= date.getUTCDate();
}

function readOffset(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 23 || minutes > 59) return null;
  const offset = (hours * 60 + minutes) * 60_000;
  return zone.startsWith('-') ? -offset : offset;
}

export interface ReadRange {
  /** ms since 1970; half-open: from <= time < to */
  readonly from: number;
  readonly to: number;
}

/** Both ends, with what stands in when one is missing. An empty or reversed range is MusterError `usage`. */
export function parseRange(from: string | undefined, to: string | undefined, context: TimeContext & { readonly lastMs: number }): ReadRange {
  const end = to === undefined ? null : parseTime(to, context);
  const start = from === undefined ? (end ?? context.now) - context.lastMs : parseTime(from, context);
  // Without --to a sample of this very millisecond belongs to it.
  const range = { from: start, to: end ?? Math.max(context.now, start) + 1 };
  if (range.from >= range.to) {
    throw new MusterError('usage', `The range is empty: --from ${new Date(range.from).toISOString()} is not before --to ${new Date(range.to).toISOString()}.`, {
      hint: 'A range holds its beginning and not its end.',
    });
  }
  return range;
}
