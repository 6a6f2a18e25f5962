import { HEALTH_PREFIX } from '../domain/point.ts';
import type { JsonValue } from '../domain/value.ts';
import type { DeviceEntry, PointEntry } from '../fleet/directory.ts';

/** The points of a device that tell of its own health, by path. `named`: those that its birth names besides. */
export function healthPoints({ points }: DeviceEntry, named: JsonValue | undefined): readonly PointEntry[] {
  const found: PointEntry[] = [];
  for (const [path, entry] of points) if (path.startsWith(HEALTH_PREFIX)) found.push(entry);
  for (const path of Array.isArray(named) ? named : []) {
    const entry = typeof path === 'string' && !path.startsWith(HEALTH_PREFIX) ? points.get(path) : undefined;
    if (entry !== undefined) found.push(entry);
  }
  return found.sort((one, other) => (one.point.path < other.point.path ? -1 : 1));
}
