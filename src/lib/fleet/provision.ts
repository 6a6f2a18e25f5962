import type { AliasKind, Device, DeviceKind } from '../domain/device.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { DeviceChange } from './device-change.ts';
import type { DeviceEntry } from './directory.ts';

/** What a chunk says of one device; a NewDevice is one. Of one that exists, what is not given stays, and null clears. */
export interface ProvisionDevice extends Omit<DeviceChange, 'aliases'> {
  readonly id: string;
  /** Absent: of a new one `device`. */
  readonly kind?: DeviceKind | undefined;
  readonly aliases?: Readonly<Partial<Record<AliasKind, string | null | undefined>>> | undefined;
}

/** One device of a chunk. */
export interface ProvisionItem {
  readonly device: ProvisionDevice;
  /** Its credentials: committed with a device that is created or not at all. One that exists keeps what it has. */
  readonly alongside: readonly Statement[];
  /**
   * Asked of a device that exists: did this very item create it, with an answer that was lost on its way? Then it is `created` once more, and nothing is
   * written. Absent: it did not.
   */
  readonly isRepeated?: ((device: Device) => Promise<boolean>) | undefined;
}

/**
 * create: a device that exists is refused with `conflict`. upsert: it is changed to what the item says, fields that are not given stay. update: one that does not exist
 * is refused with `not_found`. `check`: nothing is written; the answer says what would be.
 */
export interface ProvisionOptions {
  readonly mode: 'create' | 'upsert' | 'update';
  readonly check: boolean;
  /** With `check`: groups that are missing would be made. Without it, who asks has made them before (Groups.ensure). */
  readonly createGroups?: boolean | undefined;
}

/** Fields that change, before and after; of a new device empty. Of labels and aliases those that change alone, null for none. */
export type DeviceDifference = Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;

export type ProvisionResult =
  | {
      readonly ok: true;
      /** null when it was only checked and does not exist yet. */
      readonly entry: DeviceEntry | null;
      /** What it was; null: it was not there. */
      readonly before: Device | null;
      readonly outcome: 'created' | 'updated' | 'unchanged';
      readonly difference: DeviceDifference;
    }
  | { readonly ok: false; readonly error: MusterError };

export type DeletionResult =
  | {
      readonly ok: true;
      readonly device: Device;
      /** How many points went with it. */
      readonly points: number;
    }
  | { readonly ok: false; readonly error: MusterError };

/**
 * Many devices in one transaction. What can be refused is refused row by row before, so that a bad row takes nothing with it; then the good ones are written as one:
 * a promise that is rejected means that nothing of the chunk was written. Results in the order of the items. A chunk is to be limited by who calls
 * (PROVISION_ITEMS_MAX): it is checked in one turn of the event loop and written in one transaction.
 */
export interface Provisioning {
  /** A row may name a device before it in the same chunk as its parent. The same device twice is refused. */
  provision(project: ProjectId, items: readonly ProvisionItem[], options: ProvisionOptions): Promise<readonly ProvisionResult[]>;
  /** By id or alias. A gateway goes only together with all that is behind it, in any order. */
  deleteDevices(project: ProjectId, ids: readonly string[], options: { readonly check: boolean }): Promise<readonly DeletionResult[]>;
}

/** Rows of one chunk: some 5 ms of the event loop and 30 ms of the writing thread, which everybody else waits for. */
export const PROVISION_ITEMS_MAX = 1_000;
/** Points that the types of a chunk declare: each is a row of its own. */
export const PROVISION_POINTS_MAX = 20_000;
