import { instantOf, offsetMs, type WallTime, wallOf } from '../domain/time-zone.ts';

/** When a rule is in force: spans of the week in a time zone, without some days. */
export interface Calendar {
  /** IANA name */
  readonly timezone: string;
  /** Minutes since Monday 00:00 of the wall clock, half-open. Sorted, disjoint. Empty: the whole week. */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
  /** Days it is not in force, YYYY-MM-DD. */
  readonly except: readonly string[];
}

/** Half-open, ms since 1970. */
interface Interval {
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1440;
const WHOLE_DAY = [{ from: 0, to: DAY_MINUTES }];

/** Days are counted since 1970 on the wall clock of the zone, however long they are. */
const dayOf = (time: number, timezone: string): number => Math.floor((time + offsetMs(time, timezone)) / DAY_MS);
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
/** 0 is Monday; day 0 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

export function inForce(calendar: Calendar, time: number): boolean {
  const today = dayOf(time, calendar.timezone);
  // Where the clock is set back over midnight, an instant has yesterday's date and lies in today's hours.
  for (let day = today - 1; day <= today + 1; day++) {
    if (intervalsOf(calendar, day).some(({ from, to }) => from <= time && time < to)) return true;
  }
  return false;
}

/** The next time after this one at which it comes into force or goes out of it; null: never. */
export function nextChange(calendar: Calendar, after: number): number | null {
  return calendar.spans.length === 0 ? nextExcepted(calendar, after) : nextOfSpans(calendar, after);
}

/** A week without a change is not possible, but for days that are excepted. */
function nextOfSpans(calendar: Calendar, after: number): number | null {
  const first = dayOf(after, calendar.timezone) - 1;
  let end: number | null = null;
  for (let day = first; day <= first + 10 + calendar.except.length; day++) {
    for (const { from, to } of intervalsOf(calendar, day)) {
      if (end !== null && from > end) return end;
      if (end === null && from > after) return from;
      if (to > after) end = to;
    }
  }
  return end;
}

function nextExcepted(calendar: Calendar, after: number): number | null {
  const { timezone, except } = calendar;
  if (!inForce(calendar, after)) {
    let day = dayOf(after, timezone);
    while (except.includes(dateOf(day)) || instantAt(day, 0, timezone) <= after) day++;
    return instantAt(day, 0, timezone);
  }
  const starts = except.map((date) => instantAt(Date.parse(date) / DAY_MS, 0, timezone)).filter((start) => start > after);
  return starts.length === 0 ? null : Math.min(...starts);
}

/** Of the hours of one day. */
function intervalsOf(calendar: Calendar, day: number): Interval[] {
  const { timezone, spans, except } = calendar;
  if (except.includes(dateOf(day))) return [];
  const offset = weekdayOf(day) * DAY_MINUTES;
  const ofDay =
    spans.length === 0
      ? WHOLE_DAY
      : spans.map(({ from, to }) => ({ from: Math.max(from - offset, 0), to: Math.min(to - offset, DAY_MINUTES) })).filter(({ from, to }) => from < to);
  return ofDay.map(({ from, to }) => ({ from: instantAt(day, from, timezone), to: instantAt(day, to, timezone) })).filter(({ from, to }) => from < to);
}

/**
 * When the wall clock shows this minute of this day. One that it shows twice in autumn is the first; one that it skips in spring is the moment of the jump: so
 * spans that touch on the clock touch in time, and none is longer than it is written.
 */
function instantAt(day: number, minute: number, timezone: string): number {
  const date = new Date((day * DAY_MINUTES + minute) * 60_000);
  const wall: WallTime = {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: 0,
    millisecond: 0,
  };
  const time = instantOf(wall, timezone);
  const shown = wallOf(time, timezone);
  return shown.hour === wall.hour && shown.minute === wall.minute ? time : jumpBefore(time, timezone);
}

/** The change of the zone's offset in the day before this instant. */
function jumpBefore(time: number, timezone: string): number {
  const after = offsetMs(time, timezone);
  let [low, high] = [time - DAY_MS, time];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(middle, timezone) === after) high = middle;
    else low = middle;
  }
  return high;
}
