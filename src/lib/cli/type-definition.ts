import type { DeviceTypeCreate } from '../api/schema/fleet.ts';
import { MusterError } from '../errors/muster-error.ts';
import { readDefinition } from './definition-file.ts';
import { type PointInput, parsePointSpec } from './point-spec.ts';

export type TypeDefinition = Partial<DeviceTypeCreate>;

const KEYS = ['id', 'mode', 'description', 'points', 'configSchema'];

/** A device type from a file. The hub checks the values. */
export async function readTypeFile(file: string, signal: AbortSignal): Promise<TypeDefinition> {
  const definition = await readDefinition(file, KEYS, signal);
  const { points } = definition;
  if (points !== undefined && !Array.isArray(points)) throw new MusterError('usage', 'The `points` of a type are a list.', { details: { file } });
  return definition as TypeDefinition;
}

/** `points` with those of --point added or put in their place, and those of --remove-point taken away. */
export function changePoints(points: readonly PointInput[], specs: readonly string[] | undefined, removed: readonly string[] | undefined): PointInput[] {
  const byPath = new Map(points.map((point) => [point.path, point]));
  for (const path of removed ?? []) {
    if (!byPath.delete(path))
      throw new MusterError('not_found', `The type has no point ${path}.`, { hint: 'See `muster type show`.', details: { point: path } });
  }
  for (const spec of specs ?? []) {
    const point = parsePointSpec(spec);
    byPath.set(point.path, point);
  }
  return [...byPath.values()];
}
