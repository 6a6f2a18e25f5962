/** Wall clock fields; month 1 to 12. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** Making a formatter costs milliseconds; a table of a million rows must not make a million. Bounded by the zones that exist. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timezone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timezone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
    formatters.set(timezone, formatter);
  }
  return formatter;
}

const isUtc = (timezone: string): boolean => timezone === 'UTC' || timezone === 'Etc/UTC';

/** Whether this machine knows the zone. */
export function isTimeZone(timezone: string): boolean {
  try {
    formatterOf(timezone);
    return true;
  } catch {
    return false;
  }
}

/** Distance of the zone's wall clock from UTC at this instant, in ms; positive east of Greenwich. */
export function offsetMs(time: number, timezone: string): number {
  if (isUtc(timezone)) return 0;
  const fields: Record<string, number> = {};
  let beforeChrist = false;
  for (const part of formatterOf(timezone).formatToParts(time)) {
    if (part.type === 'era') beforeChrist = part.value.startsWith('B');
    else if (part.type !== 'literal') fields[part.type] = Number(part.value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  const wall = utcOf({ year: beforeChrist ? 1 - year : year, month, day, hour, minute, second, millisecond: 0 });
  return wall - Math.floor(time / 1000) * 1000;
}

/** ms of these fields read as UTC. Date.UTC would take the years 0 to 99 as 1900 to 1999. */
export function utcOf(wall: WallTime): number {
  const date = new Date(0);
  date.setUTCFullYear(wall.year, wall.month - 1, wall.day);
  date.setUTCHours(wall.hour, wall.minute, wall.second, wall.millisecond);
  return date.getTime();
}

/**
 * The instant of a wall clock time. A time that the clock passes twice in autumn means the first passage; one that it skips in
 * spring is counted on from before the jump (02:30 becomes 03:30).
 */
export function instantOf(wall: WallTime, timezone: string): number {
  const asUtc = utcOf(wall);
  if (isUtc(timezone)) return asUtc;
  // The two offsets in force a day before and a day after bracket any change between.
  const before = offsetMs(asUtc - 86_400_000, timezone);
  const after = offsetMs(asUtc + 86_400_000, timezone);
  const first = asUtc - before;
  if (offsetMs(first, timezone) === before) return first;
  const second = asUtc - after;
  return offsetMs(second, timezone) === after ? second : first;
}

export function wallOf(time: number, timezone: string): WallTime {
  const date = new Date(time + offsetMs(time, timezone));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  };
}

/** Midnight that begins the day of this instant, `days` days on. */
export function startOfDay(time: number, timezone: string, days = 0): number {
  const wall = wallOf(time, timezone);
  return instantOf({ ...wall, day: wall.day + days, hour: 0, minute: 0, second: 0, millisecond: 0 }, timezone);
}

/** ISO 8601 with ms and the zone's offset; `Z` for UTC. */
export function isoInZone(time: number, timezone: string): string {
  if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) return String(time);
  if (isUtc(timezone)) return new Date(time).toISOString();
  const offset = offsetMs(time, timezone);
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const local = new Date(time + offset).toISOString().slice(0, -1);
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
