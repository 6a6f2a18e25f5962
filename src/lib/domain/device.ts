import type { DeviceId, DeviceTypeId, ProjectId } from './ids.ts';

export const DEVICE_KINDS = ['gateway', 'device', 'app'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** A disabled device keeps its data and may neither connect nor report. */
export const DEVICE_STATES = ['active', 'disabled'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

/** Other names of the same thing; each (kind, value) belongs to one device of a project. */
export const ALIAS_KINDS = ['serial', 'imei', 'iccid', 'mac'] as const;
export type AliasKind = (typeof ALIAS_KINDS)[number];

export interface Device {
  readonly id: DeviceId;
  readonly project: ProjectId;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly type: DeviceTypeId | null;
  /** The gateway that may report for it. */
  readonly parent: DeviceId | null;
  readonly state: DeviceState;
  readonly labels: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Partial<Record<AliasKind, string>>>;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Times in ms since 1970. A device behind a gateway is online while that gateway's connection reports for it. */
export interface DeviceStatus {
  readonly online: boolean;
  readonly connectedAt: number | null;
  readonly lastSeenAt: number | null;
  readonly lastAddress: string | null;
  readonly protocol: string | null;
}
