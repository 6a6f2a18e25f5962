import type { DeviceType } from '../domain/device-type.ts';
import type { PointPath } from '../domain/ids.ts';
import type { PointDefinition } from '../domain/point.ts';
import type { ValueType } from '../domain/value.ts';

const declarations = new WeakMap<DeviceType, ReadonlyMap<string, PointDefinition>>();

/** The points that a type declares, by path. A type is replaced whole when it changes, so the map never goes stale. */
function declaredBy(type: DeviceType): ReadonlyMap<string, PointDefinition> {
  let known = declarations.get(type);
  if (!known) {
    known = new Map(type.points.map((point) => [point.path, point]));
    declarations.set(type, known);
  }
  return known;
}

/** The points that a device of this type may have; null: any, as for a device without a type. */
export function allowedPoints(type: DeviceType | undefined): ReadonlyMap<string, PointDefinition> | null {
  return type === undefined || type.mode === 'open' ? null : declaredBy(type);
}

/** What a point that appears for the first time is: as its type declares it, or inferred from its report. */
export function definitionFor(
  path: PointPath,
  type: DeviceType | undefined,
  inferred: { readonly valueType: ValueType; readonly unit: string | null },
): PointDefinition {
  const declared = type === undefined ? undefined : declaredBy(type).get(path);
  const { valueType, unit } = inferred;
  const definition = declared ?? { path, kind: 'measure', valueType, unit, decimals: null, min: null, max: null, description: null };
  // How long its samples are kept stays the type's affair until the point says otherwise.
  return { ...definition, retention: null };
}
