import type { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { DeviceEntry } from './directory.ts';
import type { DeviceChange, NewDevice } from './fleet.ts';

/** One device of a chunk. */
export interface ProvisionItem {
  readonly device: NewDevice;
  /** Committed with the device or not at all: its credentials. */
  readonly alongside: readonly Statement[];
}

/**
 * create: a device that exists is refused with `conflict`. upsert: it is changed to what the item says, fields that are not given stay. `check`: nothing is written;
 * the answer says what would be.
 */
export interface ProvisionOptions {
  readonly mode: 'create' | 'upsert' | 'update';
  readonly check: boolean;
}

export type ProvisionResult =
  | {
      readonly ok: true;
      /** null when it was only checked and does not exist yet. */
      readonly entry: DeviceEntry | null;
      readonly outcome: 'created' | 'updated' | 'unchanged';
      /** Fields that change, before and after; of a new device empty. */
      readonly difference: Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;
    }
  | { readonly ok: false; readonly error: MusterError };

/**
 * Many devices in one transaction. What can be refused is refused row by row before, so that a bad row takes nothing with it; then the good ones are written as one.
 * A row may name a device before it in the same chunk as its parent. Results in the order of the items.
 */
export interface Provision {
  provision(items: readonly ProvisionItem[], options: ProvisionOptions): Promise<readonly ProvisionResult[]>;
}

/** A change of many: the same for all, in one transaction for each chunk. */
export interface BulkChange {
  readonly devices: readonly string[];
  readonly change: DeviceChange;
}
