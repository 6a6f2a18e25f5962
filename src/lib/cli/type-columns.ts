import type { DeviceType, Point } from '../api/schema/fleet.ts';
import { type Column, timeColumn } from './column.ts';
import { formatPointSpec } from './point-spec.ts';

export const TYPE_COLUMNS: readonly Column<DeviceType>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'mode', value: (row) => row.mode },
  { name: 'points', value: (row) => row.points.length, right: true },
  { name: 'description', value: (row) => row.description, wrap: true },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  timeColumn('updated', (row) => row.updatedAt, { drop: 1 }),
];

type PointDefinition = DeviceType['points'][number];

/** The points of a type. `spec` is what --point takes. */
export const POINT_DEFINITION_COLUMNS: readonly Column<PointDefinition>[] = [
  { name: 'path', value: (row) => row.path },
  { name: 'kind', value: (row) => row.kind },
  { name: 'type', value: (row) => row.valueType },
  { name: 'unit', value: (row) => row.unit },
  { name: 'decimals', value: (row) => row.decimals, right: true },
  { name: 'min', value: (row) => row.min, right: true },
  { name: 'max', value: (row) => row.max, right: true },
  { name: 'retention', value: (row) => row.retention },
  { name: 'description', value: (row) => row.description, wrap: true },
  { name: 'spec', value: formatPointSpec, wide: true },
];

export const POINT_COLUMNS: readonly Column<Point>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'path', value: (row) => row.path, keep: true },
  { name: 'kind', value: (row) => row.kind, drop: 1 },
  { name: 'type', value: (row) => row.valueType, drop: 2 },
  { name: 'value', value: (row) => row.latest?.value ?? null, text: latestText, right: true },
  { name: 'unit', value: (row) => row.unit },
  timeColumn('time', (row) => row.latest?.time, { drop: 4 }),
  { name: 'quality', value: (row) => row.latest?.quality ?? null, drop: 3 },
  { name: 'late', value: (row) => row.latest?.late ?? null, wide: true },
  { name: 'decimals', value: (row) => row.decimals, right: true, wide: true },
  { name: 'min', value: (row) => row.min, right: true, wide: true },
  { name: 'max', value: (row) => row.max, right: true, wide: true },
  { name: 'retention', value: (row) => row.kept.retention, wide: true },
  { name: 'retention-source', value: (row) => row.kept.source, wide: true },
  { name: 'description', value: (row) => row.description, wide: true },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
];

function latestText(point: Point): string {
  if (!point.latest) return '';
  const { value } = point.latest;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
