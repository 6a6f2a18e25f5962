import type { z } from 'zod';
import { displayState } from '../alarms/state/display-state.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import { groupPath, isWithin } from '../domain/group.ts';
import type { DeviceId, ProjectId, RuleId } from '../domain/ids.ts';
import { labelMatcher, pathMatcher } from '../domain/matching.ts';
import { type Severity, severitiesOf, severityRank } from '../domain/severity.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { AlarmFilter as StoredFilter } from '../storage/alarm-storage.ts';
import type { AlarmFilter } from './schema/alarms.ts';
import { listOf } from './select-points.ts';

type Query = z.output<typeof AlarmFilter>;

/** Letters of the end of an id that may stand for it. */
const REF_LEAST = 6;

/** What a query selects, in the two halves that memory and disk take. */
export interface AlarmSelection {
  readonly live: boolean;
  readonly closed: boolean;
  matches(record: AlarmRecord): boolean;
  /** What the disk can narrow by itself, of the closed ones. */
  readonly stored: StoredFilter;
}

/** `resolveDevice` turns ids and aliases into devices, or throws not_found. */
export function selectAlarms(project: ProjectId, query: Query, directory: Directory, resolveDevice: (id: string) => DeviceEntry): AlarmSelection {
  const devices = listOf(query.device)?.map((id) => deviceIdOf(id, query.closed !== 'false', resolveDevice));
  const severityTexts = listOf(query.severity);
  const severities = severityTexts && severitiesOf(severityTexts);
  const rules = listOf(query.rule) as readonly RuleId[] | undefined;
  const states = listOf(query.state);
  const historical = query.historical ?? (query.closed === 'false' ? 'false' : 'any');
  const { from, to } = query;
  return {
    live: query.closed !== 'true',
    // Closed is normal: no other state, and not active.
    closed: query.closed !== 'false' && (states === undefined || states.includes('normal')) && query.active !== 'true' && query.acked !== 'false',
    matches: matcherOf(query, { devices, severities, rules, historical }, directory),
    stored: {
      project,
      closed: true,
      ...(historical !== 'any' && { historical: historical === 'true' }),
      ...(severities && { severities }),
      ...(rules && { rules }),
      ...(devices && { devices }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    },
  };
}

/** History may be asked of a device that is gone. */
function deviceIdOf(id: string, mayBeGone: boolean, resolveDevice: (id: string) => DeviceEntry): DeviceId {
  try {
    return resolveDevice(id).device.id;
  } catch (error: unknown) {
    if (mayBeGone && error instanceof MusterError && error.code === 'not_found') return id as DeviceId;
    throw error;
  }
}

interface Resolved {
  readonly devices: readonly DeviceId[] | undefined;
  readonly severities: readonly Severity[] | undefined;
  readonly rules: readonly RuleId[] | undefined;
  readonly historical: 'true' | 'false' | 'any';
}

type Test = (record: AlarmRecord) => boolean;

function matcherOf(query: Query, { devices, severities, rules, historical }: Resolved, directory: Directory): Test {
  const tests: Test[] = [];
  const oneOf = <Value>(values: readonly Value[] | undefined, of: (record: AlarmRecord) => Value | null): void => {
    if (values === undefined) return;
    const set = new Set(values);
    tests.push((record) => {
      const value = of(record);
      return value !== null && set.has(value);
    });
  };
  if (historical !== 'any') tests.push((record) => record.historical === (historical === 'true'));
  const ids = listOf(query.id);
  if (ids) tests.push(({ id }) => ids.some((end) => id === end || (end.length >= REF_LEAST && id.endsWith(end))));
  oneOf(severities, ({ severity }) => severity);
  oneOf(rules, ({ rule }) => rule);
  oneOf(devices, ({ subject }) => subject.device);
  oneOf(query.origin && [query.origin], ({ origin }) => origin);
  oneOf(listOf(query.state), displayState);
  if (query.active !== undefined) tests.push((record) => record.active === (query.active === 'true'));
  if (query.acked !== undefined) tests.push((record) => record.acked === (query.acked === 'true'));
  if (query.assignee !== undefined) tests.push((record) => (record.assignee ?? '') === query.assignee);
  const { from, to } = query;
  if (from !== undefined) tests.push((record) => begunAt(record) >= from);
  if (to !== undefined) tests.push((record) => begunAt(record) < to);
  const points = listOf(query.point);
  if (points) {
    const hasPath = pathMatcher(points);
    tests.push(({ subject }) => subject.point !== null && hasPath(subject.point));
  }
  // What needs the device comes last: it is looked up for each alarm.
  tests.push(...deviceTests(query, directory), ...textTests(query.text));
  return (record) => tests.every((test) => test(record));
}

function deviceTests(query: Query, directory: Directory): Test[] {
  const tests: Test[] = [];
  const deviceOf = ({ subject }: AlarmRecord) => (subject.device === null ? undefined : directory.device(subject.device)?.device);
  const labels = listOf(query.label)?.map(labelMatcher);
  if (labels) {
    tests.push((record) => {
      const ofDevice = deviceOf(record)?.labels ?? {};
      return labels.every((matches) => matches(record.labels) || matches(ofDevice));
    });
  }
  const types = listOf(query.type);
  if (types) tests.push((record) => types.includes(deviceOf(record)?.type ?? ''));
  const groups = listOf(query.group)?.map(groupPath);
  if (groups) {
    tests.push((record) => {
      const { group: path } = record.subject;
      if (path !== null) return groups.some((group) => isWithin(path, group));
      const device = deviceOf(record);
      if (device === undefined) return false;
      const all = directory.groupsOf(device);
      return groups.some((group) => all.includes(group));
    });
  }
  return tests;
}

function textTests(text: string | undefined): Test[] {
  if (text === undefined || text === '') return [];
  const wanted = text.toLowerCase();
  return [
    ({ message, explanation, rule, subject }) =>
      [message, explanation, rule, subject.device, subject.point, subject.group].some((part) => part?.toLowerCase().includes(wanted) === true),
  ];
}

/** When it was raised, or else when its record was made. */
export function begunAt(record: AlarmRecord): number {
  return record.raisedAt ?? record.createdAt;
}

/** The worst first, then the newest. What has no severity is not bad at all. */
export type AlarmPosition = readonly [rank: number, time: number, id: string];
export function positionOf(record: AlarmRecord): AlarmPosition {
  return [record.severity === null ? 99 : severityRank(record.severity), begunAt(record), record.id];
}
function comparePositions(one: AlarmPosition, other: AlarmPosition): number {
  return one[0] - other[0] || other[1] - one[1] || (one[2] < other[2] ? 1 : one[2] > other[2] ? -1 : 0);
}

/** The first `count` after a position. Most of many are told from them by one comparison, and nothing else is sorted. */
export function firstAfter(records: Iterable<AlarmRecord>, matches: Test, after: AlarmPosition | null, count: number): AlarmRecord[] {
  const best: { readonly position: AlarmPosition; readonly record: AlarmRecord }[] = [];
  for (const record of records) {
    const position = positionOf(record);
    const worst = best.length === count ? best[count - 1] : undefined;
    if (worst !== undefined && comparePositions(position, worst.position) >= 0) continue;
    if ((after !== null && comparePositions(position, after) <= 0) || !matches(record)) continue;
    best.splice(placeOf(best, position), 0, { position, record });
    if (best.length > count) best.pop();
  }
  return best.map(({ record }) => record);
}

function placeOf(best: readonly { readonly position: AlarmPosition }[], position: AlarmPosition): number {
  let low = 0;
  let high = best.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = best[middle];
    if (there !== undefined && comparePositions(there.position, position) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
