import { globMatcher, labelMatcher, pathMatcher } from '../domain/matching.ts';
import type { Scope } from './rule.ts';

/** What a scope looks at. */
export interface ScopedDevice {
  readonly id: string;
  readonly type: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** One part of a scope and how it goes with a device or point. */
export interface ScopePart {
  readonly part: 'type' | 'group' | 'labels' | 'device' | 'points';
  readonly wanted: readonly string[];
  /** What the device or point has there; null: nothing. */
  readonly is: string | null;
  readonly holds: boolean;
}

interface ScopeMatchers {
  readonly groupPaths: ReadonlySet<string>;
  readonly type: (device: ScopedDevice) => boolean;
  readonly group: (device: ScopedDevice) => boolean;
  readonly labels: (device: ScopedDevice) => boolean;
  readonly device: (device: ScopedDevice) => boolean;
  readonly point: (path: string) => boolean;
}

/** The label that says in which group a device is. */
const GROUP_LABEL = 'group';

/** A scope is asked for every device and point of a project: its matchers are made once. */
const known = new WeakMap<Scope, ScopeMatchers>();

/** Are its devices watched? What the scope says of points is not asked. */
export function matchesDevice(scope: Scope, device: ScopedDevice): boolean {
  const matchers = matchersOf(scope);
  return matchers.type(device) && matchers.device(device) && matchers.group(device) && matchers.labels(device);
}

export function matchesPoint(scope: Scope, path: string): boolean {
  return matchersOf(scope).point(path);
}

/** Every part that the scope gives, for people. `point` null: the points are not asked. */
export function explainScope(scope: Scope, device: ScopedDevice, point: string | null): readonly ScopePart[] {
  const matchers = matchersOf(scope);
  const labels = Object.entries(device.labels).map(([name, value]) => `${name}=${value}`);
  const parts: ScopePart[] = [
    { part: 'type', wanted: scope.types, is: device.type, holds: matchers.type(device) },
    { part: 'group', wanted: scope.groups, is: ownGroup(device.labels), holds: matchers.group(device) },
    { part: 'labels', wanted: scope.labels, is: labels.length === 0 ? null : labels.join(', '), holds: matchers.labels(device) },
    { part: 'device', wanted: scope.devices, is: device.id, holds: matchers.device(device) },
  ];
  if (point !== null) parts.push({ part: 'points', wanted: scope.points, is: point, holds: matchers.point(point) });
  return parts.filter(({ wanted }) => wanted.length > 0);
}

/** The groups that a device with these labels is in, the widest first: `paris/hall-2` is in `paris` and in `paris/hall-2`. */
export function groupsOf(labels: Readonly<Record<string, string>>): readonly string[] {
  const levels = levelsOf(Object.hasOwn(labels, GROUP_LABEL) ? (labels[GROUP_LABEL] ?? '') : '');
  return levels.map((_, index) => levels.slice(0, index + 1).join('/'));
}

/** The group that a device with these labels is in itself; null: in none. */
export function ownGroup(labels: Readonly<Record<string, string>>): string | null {
  return groupsOf(labels).at(-1) ?? null;
}

/** Of a device in the scope of a rule over groups: those that the scope names, else its own. */
export function groupsWatched(scope: Scope, labels: Readonly<Record<string, string>>): readonly string[] {
  const groups = groupsOf(labels);
  if (scope.groups.length === 0) return groups.slice(-1);
  const named = matchersOf(scope).groupPaths;
  return groups.filter((group) => named.has(group));
}

/** As all ways to write a group's path are compared. */
export function groupPath(path: string): string {
  return levelsOf(path).join('/');
}

/** `/paris//hall-2/` names the same group as `paris/hall-2`. */
function levelsOf(path: string): readonly string[] {
  return path.split('/').filter((level) => level !== '');
}

function matchersOf(scope: Scope): ScopeMatchers {
  let matchers = known.get(scope);
  if (matchers === undefined) {
    matchers = createMatchers(scope);
    known.set(scope, matchers);
  }
  return matchers;
}

function createMatchers({ types, groups, labels, devices, points }: Scope): ScopeMatchers {
  const everything = (): boolean => true;
  const typeNames = new Set(types);
  const groupPaths = new Set(groups.map(groupPath));
  const labelMatchers = labels.map(labelMatcher);
  const deviceMatcher = matcherOfAny(devices);
  return {
    groupPaths,
    type: types.length === 0 ? everything : ({ type }) => type !== null && typeNames.has(type),
    group: groups.length === 0 ? everything : (device) => groupsOf(device.labels).some((group) => groupPaths.has(group)),
    labels: (device) => labelMatchers.every((matches) => matches(device.labels)),
    device: devices.length === 0 ? everything : ({ id }) => deviceMatcher(id),
    point: points.length === 0 ? everything : pathMatcher(points),
  };
}

function matcherOfAny(patterns: readonly string[]): (text: string) => boolean {
  const matchers = patterns.map(globMatcher);
  return (text) => matchers.some((matches) => matches(text));
}
