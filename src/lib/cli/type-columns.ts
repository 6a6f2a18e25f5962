import type { DeviceType, Point } from '../api/schema/fleet.ts';
import { type Colour, type Column, timeColumn } from './column.ts';
import { stateColour } from './command-columns.ts';
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
  { name: 'wanted', value: (row) => row.wanted?.value ?? null, text: wantedText, colour: wantedColour, drop: 5 },
  timeColumn('time', (row) => row.latest?.time, { drop: 4 }),
  { name: 'quality', value: (row) => row.latest?.quality ?? null, drop: 3 },
  { name: 'wanted-state', value: (row) => row.wanted?.state ?? null, wide: true },
  { name: 'wanted-reason', value: (row) => row.wanted?.reason ?? null, wide: true },
  timeColumn('wanted-at', (row) => row.wanted?.wantedAt, { wide: true }),
  { name: 'wanted-by', value: (row) => row.wanted?.actor ?? null, wide: true },
  { name: 'wanted-command', value: (row) => row.wanted?.command ?? null, wide: true },
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
  return textOf(point.latest.value);
}

/** What the device has done is like what it reports: the state is of interest as long as it has not. */
function wantedText({ wanted }: Point): string {
  if (wanted === null) return '';
  return wanted.state === 'applied' ? textOf(wanted.value) : `${textOf(wanted.value)} (${wanted.state})`;
}

function wantedColour({ wanted }: Point): Colour | null {
  return wanted === null || wanted.state === 'applied' ? null : stateColour(wanted.state);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
