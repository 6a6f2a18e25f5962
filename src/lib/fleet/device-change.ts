import type { AliasKind, DeviceKind, DeviceState } from '../domain/device.ts';

export const LABELS_MAX = 64;

export interface NewDevice {
  readonly id: string;
  readonly name?: string | undefined;
  readonly kind: DeviceKind;
  readonly type?: string | undefined;
  readonly parent?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Partial<Record<AliasKind, string | undefined>>>;
  /** Groups that exist. */
  readonly groups?: readonly string[] | undefined;
  /** Absent: active. */
  readonly state?: DeviceState | undefined;
}
export interface DeviceChange {
  readonly name?: string | undefined;
  readonly type?: string | null | undefined;
  readonly parent?: string | null | undefined;
  readonly state?: DeviceState | undefined;
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  readonly aliases?: Readonly<Partial<Record<AliasKind, string | null | undefined>>> | undefined;
  /** Takes the place of the whole list. */
  readonly groups?: readonly string[] | undefined;
}
