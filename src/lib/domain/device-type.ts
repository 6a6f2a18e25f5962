import type { DeviceTypeId, ProjectId } from './ids.ts';
import type { PointDefinition } from './point.ts';
import type { JsonObject } from './value.ts';

/** strict: a point that is not declared is rejected. open: it appears with its first report. */
export const TYPE_MODES = ['strict', 'open'] as const;
export type TypeMode = (typeof TYPE_MODES)[number];

export interface DeviceType {
  readonly id: DeviceTypeId;
  readonly project: ProjectId;
  readonly mode: TypeMode;
  readonly description: string | null;
  readonly points: readonly PointDefinition[];
  /** JSON Schema that configuration documents of its devices fit; null: any object does. */
  readonly configSchema: JsonObject | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}
