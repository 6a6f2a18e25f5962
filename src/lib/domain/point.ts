import type { DeviceId, PointPath, SeriesId } from './ids.ts';
import type { Retention } from './retention.ts';
import type { SampleValue, ValueType } from './value.ts';

/** Who may write a point follows from its kind. */
export const POINT_KINDS = ['static', 'measure', 'status', 'parameter', 'setpoint', 'virtual'] as const;
export type PointKind = (typeof POINT_KINDS)[number];

/**
 * Applications write `parameter` and `setpoint`. A device may report the value in force of a parameter or set point (the *reported* side of a set);
 * it never writes a point that the hub computes.
 */
/** Points below it tell of the health of the device itself, such as load, memory, signal and uptime: no type needs to declare them. */
export const HEALTH_PREFIX = '$health/';

export function deviceMayReport(kind: PointKind): boolean {
  return kind !== 'virtual';
}

/** What a point is, as a device type declares it. */
export interface PointDefinition {
  readonly path: PointPath;
  readonly kind: PointKind;
  readonly valueType: ValueType;
  readonly unit: string | null;
  /** Digits after the decimal point when shown. Stored values keep all of theirs. */
  readonly decimals: number | null;
  /** Inclusive limits of a number; a value outside is rejected, not clipped. */
  readonly min: number | null;
  readonly max: number | null;
  readonly description: string | null;
  /** How long its samples are kept; null: as long as its project's. */
  readonly retention: Retention | null;
}

/** The newest sample by its own time. */
export interface LatestValue {
  readonly time: number;
  readonly value: SampleValue;
  readonly quality: Quality;
  readonly late: boolean;
}

/** `retention` is the device's own; null: as its type declares it. */
export interface Point extends PointDefinition {
  readonly device: DeviceId;
  readonly series: SeriesId;
  readonly createdAt: number;
}

/** OPC UA's three classes of status. */
export const QUALITIES = ['good', 'uncertain', 'bad'] as const;
export type Quality = (typeof QUALITIES)[number];
