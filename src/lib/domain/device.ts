import type { DeviceId, DeviceTypeId, GroupPath, ProjectId } from './ids.ts';

export const DEVICE_KINDS = ['gateway', 'device', 'app'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/**
 * Where a device stands in its life. `new`: it registered itself and waits to be approved. `active`: in service. `maintenance`: in service, its alarms
 * are suppressed. `disabled`: refused at once, until it is enabled again. `retired`: out of service for good; its data stays, its credentials are gone.
 */
export const DEVICE_STATES = ['new', 'active', 'maintenance', 'disabled', 'retired'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

/** May it connect and report? A device that may not keeps its data. */
export function isInService(state: DeviceState): boolean {
  return state === 'active' || state === 'maintenance';
}

/** Why a device in this state is refused: the end of a sentence that begins with its id. */
export function outOfServiceReason(state: DeviceState): string {
  if (state === 'new') return 'waits to be approved';
  return state === 'retired' ? 'is retired' : 'is disabled';
}

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
  /** The groups that it was put into; those above them and those with a selector that fits come besides (Directory.groupsOf). Sorted. */
  readonly groups: readonly GroupPath[];
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
