import { isTimeZone } from '../domain/time-zone.ts';
import type { Calendar } from './calendar.ts';

/** As it stands in the document of a rule. */
export interface CalendarSpec {
  readonly timezone: string;
  /** Such as `mon-fri 08:00-18:00`; none: always. */
  readonly active: readonly string[];
  /** YYYY-MM-DD, whole days of that time zone. */
  readonly except: readonly string[];
}

/** `path` inside the specification, such as `active.0`. */
export interface CalendarProblem {
  readonly path: string;
  readonly message: string;
}

export type ParsedCalendar = { readonly ok: true; readonly calendar: Calendar } | { readonly ok: false; readonly problems: readonly CalendarProblem[] };

type Span = Calendar['spans'][number];

const SPAN_RULE = 'days, hours or both, such as "mon-fri 08:00-18:00", "sat,sun", "22:00-06:00" or "mon 06:00-24:00"';
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const DAY_MINUTES = 1440;
const WEEK_MINUTES = 7 * DAY_MINUTES;
const EXCEPT_MAX = 1000;

/** All problems at once. */
export function parseCalendar(spec: CalendarSpec): ParsedCalendar {
  const problems: CalendarProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });
  if (!isTimeZone(spec.timezone)) problem('timezone', `"${spec.timezone.slice(0, 60)}" is not a time zone: give an IANA name such as Europe/Berlin`);
  const spans = spec.active.flatMap((text, index) => {
    const read = readSpan(text.trim().toLowerCase());
    if (typeof read !== 'string') return read;
    problem(`active.${index}`, `"${text.slice(0, 60)}" ${read}`);
    return [];
  });
  for (const [index, date] of spec.except.entries()) {
    if (!isDate(date)) problem(`except.${index}`, `"${date.slice(0, 60)}" is not a day: give YYYY-MM-DD`);
  }
  if (spec.except.length > EXCEPT_MAX) problem('except', `has ${spec.except.length} days; at most ${EXCEPT_MAX} are possible`);
  if (problems.length > 0) return { ok: false, problems };
  const joined = join(spans);
  const isWhole = joined.length === 1 && joined[0]?.from === 0 && joined[0].to === WEEK_MINUTES;
  return { ok: true, calendar: { timezone: spec.timezone, spans: isWhole ? [] : joined, except: [...new Set(spec.except)].sort() } };
}

/** What is wrong with it, or its spans of the week. */
function readSpan(text: string): Span[] | string {
  const parts = text.split(/\s+/);
  const [first = '', second] = parts;
  if (parts.length > 2) return `is not ${SPAN_RULE}`;
  const hasDays = /^[a-z]/.test(first);
  if (!hasDays && second !== undefined) return `is not ${SPAN_RULE}`;
  const days = hasDays ? readDays(first) : EVERY_DAY;
  if (days === null) return 'names no days: they are mon, tue, wed, thu, fri, sat, sun, as mon-fri or sat,sun';
  const hours = hasDays ? (second ?? '00:00-24:00') : first;
  const minutes = readHours(hours);
  if (typeof minutes === 'string') return minutes;
  // Over midnight it belongs to the day on which it begins.
  const length = minutes.to > minutes.from ? minutes.to - minutes.from : minutes.to + DAY_MINUTES - minutes.from;
  return days.flatMap((day) => inWeek(day * DAY_MINUTES + minutes.from, length));
}

function readDays(text: string): number[] | null {
  const days: number[] = [];
  for (const part of text.split(',')) {
    const [from, to = from, ...more] = part.split('-').map((name) => DAYS.findIndex((day) => day === name || (name.length > 3 && LONG_NAMES[day] === name)));
    if (from === undefined || to === undefined || from < 0 || to < 0 || more.length > 0) return null;
    // fri-mon goes over the end of the week.
    for (let day = from; ; day = (day + 1) % 7) {
      days.push(day);
      if (day === to) break;
    }
  }
  return days;
}
const LONG_NAMES: Readonly<Record<string, string>> = {
  mon: 'monday',
  tue: 'tuesday',
  wed: 'wednesday',
  thu: 'thursday',
  fri: 'friday',
  sat: 'saturday',
  sun: 'sunday',
};

function readHours(text: string): Span | string {
  const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) return `is not ${SPAN_RULE}`;
  const [, fromHour = '', fromMinute = '', toHour = '', toMinute = ''] = match;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  if (Number(fromMinute) > 59 || Number(toMinute) > 59 || from >= DAY_MINUTES || to > DAY_MINUTES) return 'has hours outside of 00:00 to 24:00';
  if (from === to) return 'ends when it begins: leave the hours away for the whole day';
  return { from, to };
}

/** What goes over Sunday midnight goes on on Monday. */
function inWeek(from: number, length: number): Span[] {
  const to = from + length;
  return to <= WEEK_MINUTES
    ? [{ from, to }]
    : [
        { from, to: WEEK_MINUTES },
        { from: 0, to: to - WEEK_MINUTES },
      ];
}

/** Sorted, and one where they overlap or touch. */
function join(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((left, right) => left.from - right.from)) {
    const last = joined.at(-1);
    if (last === undefined || span.from > last.to) joined.push(span);
    else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return joined;
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}
