import type { Device } from '../domain/device.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { labelMatcher, pathMatcher } from '../domain/matching.ts';
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
  /** What a selector, or groups, ask of a device: as it is at the moment. */
  readonly selected?: ((device: Device) => boolean) | undefined;
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
      device.project === filter.project &&
      (!devices || devices.has(device.id)) &&
      (!labels || labels.every((matches) => matches(device.labels))) &&
      (filter.selected?.(device) ?? true),
    ofPoint: (point) => (!kinds || kinds.has(point.kind)) && (!hasPath || hasPath(point.path)),
  };
}

export function pointMatcher(filter: PointFilter): PointMatcher {
  const { ofDevice, ofPoint } = halvesOf(filter);
  return (point, device) => ofDevice(device) && ofPoint(point);
}
