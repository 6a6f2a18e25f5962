import type { Device } from '../domain/device.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { Point, PointKind } from '../domain/point.ts';

/** Which points are meant. Absent lists do not narrow. */
export interface PointFilter {
  readonly project: ProjectId;
  readonly devices?: readonly DeviceId[] | undefined;
  /** Point paths; * stands for any text. */
  readonly points?: readonly string[] | undefined;
  /** `name=value`, or a bare name for any value; all of them must hold. */
  readonly labels?: readonly string[] | undefined;
  readonly kinds?: readonly PointKind[] | undefined;
}

export type PointMatcher = (point: Point, device: Device) => boolean;

/** The two halves of a filter: a device that is not meant need not be looked into. */
export interface FilterHalves {
  ofDevice(device: Device): boolean;
  ofPoint(point: Point): boolean;
}

export function halvesOf(filter: PointFilter): FilterHalves {
  const devices = filter.devices && new Set<string>(filter.devices);
  const labels = filter.labels?.map(labelMatcher);
  const kinds = filter.kinds && new Set<string>(filter.kinds);
  const hasPath = filter.points && pathMatcher(filter.points);
  return {
    ofDevice: (device) =>
      device.project === filter.project && (!devices || devices.has(device.id)) && (!labels || labels.every((matches) => matches(device.labels))),
    ofPoint: (point) => (!kinds || kinds.has(point.kind)) && (!hasPath || hasPath(point.path)),
  };
}

export function pointMatcher(filter: PointFilter): PointMatcher {
  const { ofDevice, ofPoint } = halvesOf(filter);
  return (point, device) => ofDevice(device) && ofPoint(point);
}

/** Plain names cost one look-up, however many there are; each pattern is tried. */
function pathMatcher(points: readonly string[]): (path: string) => boolean {
  const names = new Set(points.filter((point) => !isPattern(point)));
  const patterns = points.filter(isPattern).map(globMatcher);
  return (path) => names.has(path) || patterns.some((matches) => matches(path));
}

export function isPattern(point: string): boolean {
  return point.includes('*');
}

/** `*` stands for any text, also across levels. Linear in the text: no regular expression is built from what a user types. */
export function globMatcher(pattern: string): (text: string) => boolean {
  if (!isPattern(pattern)) return (text) => text === pattern;
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop() ?? '';
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    let from = head.length;
    const end = text.length - tail.length;
    for (const part of parts) {
      const found = text.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return from <= end;
  };
}

export function labelMatcher(expression: string): (labels: Readonly<Record<string, string>>) => boolean {
  const equals = expression.indexOf('=');
  if (equals < 0) return (labels) => Object.hasOwn(labels, expression);
  const name = expression.slice(0, equals);
  const value = expression.slice(equals + 1);
  return (labels) => Object.hasOwn(labels, name) && labels[name] === value;
}
