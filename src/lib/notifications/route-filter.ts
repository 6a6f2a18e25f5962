import type { AlarmRecord } from '../domain/alarm.ts';
import type { Device } from '../domain/device.ts';
import { type DeviceGroups, groupPath, pathsTo } from '../domain/group.ts';
import { globMatcher, labelMatcher } from '../domain/matching.ts';
import type { NotifyCause } from '../domain/notification.ts';
import { SEVERITIES, type Severity, severitiesOf } from '../domain/severity.ts';
import { listOf, type RouteDocument } from './route-document.ts';

/** What a route looks at. */
export interface Told {
  readonly alarm: Pick<AlarmRecord, 'rule' | 'subject' | 'labels'>;
  readonly device: Pick<Device, 'id' | 'type' | 'parent' | 'labels'> | null;
  /** Of the device. */
  readonly groups: DeviceGroups;
  readonly severity: Severity;
  readonly cause: NotifyCause;
}

/** One part of a route and how it goes with an alarm change. */
export interface RoutePart {
  readonly part: 'severity' | 'rule' | 'labels' | 'type' | 'group' | 'device' | 'cause' | 'cleared' | 'schedule';
  readonly wanted: readonly string[];
  /** What the alarm or its device has there; null: nothing. */
  readonly is: string | null;
  readonly holds: boolean;
}

interface Matcher {
  readonly part: RoutePart['part'];
  readonly wanted: readonly string[];
  readonly is: (told: Told) => string | null;
  readonly holds: (told: Told) => boolean;
}

export interface RouteFilter {
  matches(told: Told): boolean;
  /** Every part that the route gives. */
  explain(told: Told): readonly RoutePart[];
}

/** Compiled once for each route: it is asked for every alarm change. */
export function createRouteFilter({ match = {}, cleared = true }: RouteDocument): RouteFilter {
  const matchers: Matcher[] = [];
  const add = (
    part: RoutePart['part'],
    given: string | readonly string[] | undefined,
    is: Matcher['is'],
    holds: (wanted: readonly string[]) => Matcher['holds'],
  ) => {
    const wanted = listOf(given);
    if (wanted.length > 0) matchers.push({ part, wanted, is, holds: holds(wanted) });
  };
  add(
    'severity',
    match.severity,
    ({ severity }) => severity,
    (wanted) => {
      const meant = severitiesOf(wanted);
      // All of them is no condition at all, but it is one that was written.
      return meant.length === SEVERITIES.length ? () => true : ({ severity }) => meant.includes(severity);
    },
  );
  add(
    'cause',
    match.cause,
    ({ cause }) => cause,
    (wanted) =>
      ({ cause }) =>
        wanted.includes(cause),
  );
  if (!cleared)
    matchers.push({ part: 'cleared', wanted: ['false'], is: ({ cause }) => String(cause === 'cleared'), holds: ({ cause }) => cause !== 'cleared' });
  add(
    'rule',
    match.rule,
    ({ alarm }) => alarm.rule,
    (wanted) => anyGlob(wanted, ({ alarm }) => alarm.rule),
  );
  add(
    'type',
    match.type,
    ({ device }) => device?.type ?? null,
    (wanted) =>
      ({ device }) =>
        device !== null && device.type !== null && wanted.includes(device.type),
  );
  add(
    'device',
    match.device,
    ({ alarm }) => alarm.subject.device,
    (wanted) => anyGlob(wanted, ({ alarm }) => alarm.subject.device),
  );
  add('group', match.group, groupsText, (wanted) => {
    const groups = wanted.map(groupPath);
    return (told) => groups.some((group) => groupsOfTold(told).includes(group));
  });
  add('labels', match.labels, labelsText, (wanted) => {
    const all = wanted.map(labelMatcher);
    return ({ alarm, device }) => all.every((holds) => holds(alarm.labels) || (device !== null && holds(device.labels)));
  });
  return {
    matches: (told) => matchers.every(({ holds }) => holds(told)),
    explain: (told) => matchers.map(({ part, wanted, is, holds }) => ({ part, wanted, is: is(told), holds: holds(told) })),
  };
}

/** The group of the alarm's subject, or that of its device: of several the first. */
export function groupOf({ alarm, groups }: Told): string | null {
  return alarm.subject.group ?? groups.own[0] ?? null;
}

function groupsOfTold({ alarm, groups }: Told): readonly string[] {
  return alarm.subject.group === null ? groups.all : pathsTo(alarm.subject.group);
}

function groupsText({ alarm, groups }: Told): string | null {
  if (alarm.subject.group !== null) return alarm.subject.group;
  return groups.own.length === 0 ? null : groups.own.join(', ');
}

function anyGlob(patterns: readonly string[], textOf: (told: Told) => string | null): Matcher['holds'] {
  const matchers = patterns.map(globMatcher);
  return (told) => {
    const text = textOf(told);
    return text !== null && matchers.some((matches) => matches(text));
  };
}

function labelsText({ alarm, device }: Told): string | null {
  const labels = Object.entries({ ...device?.labels, ...alarm.labels }).map(([name, value]) => `${name}=${value}`);
  return labels.length === 0 ? null : labels.join(', ');
}
