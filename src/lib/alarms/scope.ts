import { type DeviceGroups, groupPath } from '../domain/group.ts';
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
  readonly group: (groups: readonly string[]) => boolean;
  readonly labels: (device: ScopedDevice) => boolean;
  readonly device: (device: ScopedDevice) => boolean;
  readonly point: (path: string) => boolean;
}

/** A scope is asked for every device and point of a project: its matchers are made once. */
const known = new WeakMap<Scope, ScopeMatchers>();

/** Is the device watched? `groups`: all that it is in, those above its own included. What the scope says of points is not asked. */
export function matchesDevice(scope: Scope, device: ScopedDevice, { all }: Pick<DeviceGroups, 'all'>): boolean {
  const matchers = matchersOf(scope);
  return matchers.type(device) && matchers.device(device) && matchers.group(all) && matchers.labels(device);
}

export function matchesPoint(scope: Scope, path: string): boolean {
  return matchersOf(scope).point(path);
}

/** Every part that the scope gives, for people. `point` null: the points are not asked. */
export function explainScope(scope: Scope, device: ScopedDevice, groups: DeviceGroups, point: string | null): readonly ScopePart[] {
  const matchers = matchersOf(scope);
  const labels = Object.entries(device.labels).map(([name, value]) => `${name}=${value}`);
  const parts: ScopePart[] = [
    { part: 'type', wanted: scope.types, is: device.type, holds: matchers.type(device) },
    { part: 'group', wanted: scope.groups, is: groups.own.length === 0 ? null : groups.own.join(', '), holds: matchers.group(groups.all) },
    { part: 'labels', wanted: scope.labels, is: labels.length === 0 ? null : labels.join(', '), holds: matchers.labels(device) },
    { part: 'device', wanted: scope.devices, is: device.id, holds: matchers.device(device) },
  ];
  if (point !== null) parts.push({ part: 'points', wanted: scope.points, is: point, holds: matchers.point(point) });
  return parts.filter(({ wanted }) => wanted.length > 0);
}

/** Of a device in the scope of a rule over groups: those of its groups that the scope names, else those that it is in itself. */
export function groupsWatched(scope: Scope, { own, all }: DeviceGroups): readonly string[] {
  if (scope.groups.length === 0) return own;
  const named = matchersOf(scope).groupPaths;
  return all.filter((group) => named.has(group));
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
  const groupPaths = new Set<string>(groups.map(groupPath));
  const labelMatchers = labels.map(labelMatcher);
  const deviceMatcher = matcherOfAny(devices);
  return {
    groupPaths,
    type: types.length === 0 ? everything : ({ type }) => type !== null && typeNames.has(type),
    group: groups.length === 0 ? everything : (all) => all.some((group) => groupPaths.has(group)),
    labels: (device) => labelMatchers.every((matches) => matches(device.labels)),
    device: devices.length === 0 ? everything : ({ id }) => deviceMatcher(id),
    point: points.length === 0 ? everything : pathMatcher(points),
  };
}

function matcherOfAny(patterns: readonly string[]): (text: string) => boolean {
  const matchers = patterns.map(globMatcher);
  return (text) => matchers.some((matches) => matches(text));
}
