import type { Calendar } from '../alarms/calendar.ts';
import { parseCalendar } from '../alarms/parse-calendar.ts';
import { readDuration } from '../domain/duration.ts';
import type { Route } from '../domain/notification.ts';
import { type Severity, severitiesOf } from '../domain/severity.ts';
import { type CalendarWatch, watchCalendar } from './calendar-watch.ts';
import { listOf, RouteDocument } from './route-document.ts';
import { createRouteFilter, groupOf, type RouteFilter, type Told } from './route-filter.ts';

const GROUP_WAIT_MS = 30_000;
const GROUP_INTERVAL_MS = 300_000;

/** A route, read. */
export interface CompiledRoute {
  readonly route: Route;
  readonly filter: RouteFilter;
  /** null: each change is told alone. Entries with the same key are told together. */
  readonly groupKey: ((told: Told) => string) | null;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly quiet: { readonly hours: CalendarWatch; readonly exceptFor: ReadonlySet<Severity> } | null;
  readonly schedule: CalendarWatch | null;
}

export interface DocumentProblem {
  /** Inside the document, such as `quietHours.active.0`. */
  readonly path: string;
  readonly message: string;
}

export type CompiledOrProblems =
  | { readonly ok: true; readonly compiled: CompiledRoute }
  | { readonly ok: false; readonly problems: readonly DocumentProblem[] };

export function compileRoute(route: Route): CompiledOrProblems {
  const parsed = RouteDocument.safeParse(route.document);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
  const document = parsed.data;
  const problems: DocumentProblem[] = [];
  const { groupBy, groupWait, groupInterval, quietHours, schedule } = document;
  const quietCalendar = quietHours === undefined ? null : readCalendar(quietHours, 'quietHours', problems);
  const scheduleCalendar = schedule === undefined ? null : readCalendar(schedule, 'schedule', problems);
  if (groupBy === undefined) {
    for (const [path, given] of Object.entries({ groupWait, groupInterval }))
      if (given !== undefined) problems.push({ path, message: 'is of no use without groupBy' });
  }
  // Whole weeks of silence would never be told.
  if (quietCalendar !== null && quietCalendar.spans.length === 0) problems.push({ path: 'quietHours.active', message: 'must leave some of the week' });
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    compiled: {
      route,
      filter: createRouteFilter(document),
      groupKey: groupBy === undefined ? null : keyMaker(route, groupBy),
      groupWaitMs: durationOf(groupWait, GROUP_WAIT_MS),
      groupIntervalMs: durationOf(groupInterval, GROUP_INTERVAL_MS),
      quiet: quietCalendar === null ? null : { hours: watchCalendar(quietCalendar), exceptFor: new Set(severitiesOf(listOf(quietHours?.exceptFor))) },
      schedule: scheduleCalendar === null ? null : watchCalendar(scheduleCalendar),
    },
  };
}

function readCalendar(
  given: { readonly timezone: string; readonly active?: string | readonly string[] | undefined; readonly except?: string | readonly string[] | undefined },
  at: string,
  problems: DocumentProblem[],
): Calendar | null {
  const parsed = parseCalendar({ timezone: given.timezone, active: listOf(given.active), except: listOf(given.except) });
  if (parsed.ok) return parsed.calendar;
  for (const { path, message } of parsed.problems) problems.push({ path: path === '' ? at : `${at}.${path}`, message });
  return null;
}

function durationOf(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : (readDuration(text) ?? otherwise);
}

/** The route is part of the key, so that two routes to one channel do not mix. JSON keeps the parts apart whatever is in them. */
function keyMaker({ id }: Route, groupBy: readonly string[]): (told: Told) => string {
  const parts = groupBy.map(partOf);
  return (told) => JSON.stringify([id, ...parts.map((part) => part(told))]);
}

function partOf(name: string): (told: Told) => string | null {
  if (name.startsWith('label:')) {
    const label = name.slice('label:'.length);
    return ({ alarm, device }) => own(alarm.labels, label) ?? (device === null ? null : own(device.labels, label));
  }
  switch (name) {
    case 'rule':
      return ({ alarm }) => alarm.rule;
    case 'device':
      return ({ alarm }) => alarm.subject.device;
    case 'parent':
      // A gateway and what is behind it are one group.
      return ({ alarm, device }) => device?.parent ?? alarm.subject.device;
    case 'group':
      return groupOf;
    case 'severity':
      return ({ severity }) => severity;
    default:
      return () => null;
  }
}

function own(labels: Readonly<Record<string, string>>, name: string): string | null {
  return Object.hasOwn(labels, name) ? (labels[name] ?? null) : null;
}
