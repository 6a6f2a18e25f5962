import { isDeepStrictEqual } from 'node:util';
import type { Device } from '../domain/device.ts';
import type { DeviceType } from '../domain/device-type.ts';
import type { SeriesId } from '../domain/ids.ts';
import type { Point, PointDefinition, PointKind } from '../domain/point.ts';
import type { Retention } from '../domain/retention.ts';

/** A part of a point's definition; null clears. */
export interface PointChange {
  readonly kind?: PointKind | undefined;
  readonly unit?: string | null | undefined;
  readonly decimals?: number | null | undefined;
  readonly min?: number | null | undefined;
  readonly max?: number | null | undefined;
  readonly description?: string | null | undefined;
  readonly retention?: Retention | null | undefined;
}

/** The points that a type gives to a device and that it does not have yet. */
export function declaredPoints(
  device: Device,
  type: DeviceType | undefined,
  allocateSeries: () => SeriesId,
  now: number,
  known: ReadonlyMap<string, unknown>,
): Point[] {
  if (!type) return [];
  return type.points
    .filter(({ path }) => !known.has(path))
    .map((definition) => ({ ...definition, retention: null, device: device.id, series: allocateSeries(), createdAt: now }));
}

/** What `after` says of points in other words than `before` did; points that are new in it are not among them. */
export function changedDefinitions(before: DeviceType, after: DeviceType): PointDefinition[] {
  const known = new Map(before.points.map((definition) => [definition.path, definition]));
  return after.points.filter((definition) => {
    const earlier = known.get(definition.path);
    return earlier !== undefined && !isDeepStrictEqual(earlier, definition);
  });
}

/** A point as its type declares it. What is stored stays as it is, and so does a retention of its own. */
export function asDeclared(point: Point, definition: PointDefinition): Point {
  return { ...applyDefinition(point, { ...definition, retention: point.retention }), valueType: definition.valueType };
}

/** A point with a part of its definition changed; absent fields stay. */
export function applyDefinition(point: Point, change: PointChange): Point {
  return {
    ...point,
    kind: change.kind ?? point.kind,
    unit: change.unit === undefined ? point.unit : change.unit,
    decimals: change.decimals === undefined ? point.decimals : change.decimals,
    min: change.min === undefined ? point.min : change.min,
    max: change.max === undefined ? point.max : change.max,
    description: change.description === undefined ? point.description : change.description,
    retention: change.retention === undefined ? point.retention : change.retention,
  };
}
