import type { CommandState } from './command.ts';
import type { CommandId, DeviceId } from './ids.ts';
import type { JsonObject } from './value.ts';

/** One configuration document that was wanted of a device. Times in ms since 1970. */
export interface ConfigVersion {
  readonly device: DeviceId;
  /** Counts from 1, for each device. */
  readonly version: number;
  readonly document: JsonObject;
  /** As in events: `user:anna`. */
  readonly actor: string;
  readonly comment: string | null;
  /** Of a rollback: the version whose document it took up again. */
  readonly undoes: number | null;
  readonly createdAt: number;
  /** What carries it to the device, the last time it was sent. */
  readonly command: CommandId;
  /** As of a command: `applied` is what the device said. */
  readonly state: CommandState;
  readonly reason: string | null;
  readonly settledAt: number | null;
}

/** What a device says is in force. */
export interface ConfigReport {
  readonly device: DeviceId;
  /** null: it is none that the hub gave it. */
  readonly version: number | null;
  /** null: it named the version alone, and the hub does not have that any more. */
  readonly document: JsonObject | null;
  readonly reportedAt: number;
}

/** What one configuration change asks of every device that it is for; kept as the value of a job of kind config. */
export type ConfigChange = {
  readonly comment: string | null;
  /** Only of devices of which this version is wanted, or the same document already; 0: none is. null: of all. */
  readonly ifVersion: number | null;
} & (
  | { readonly document: JsonObject }
  /** Merged into what is wanted of each device when it is its turn (RFC 7396). */
  | { readonly patch: JsonObject }
  /** `to` null: the one that the device applied last before the wanted one; where that is a rollback that the device has not applied, the same once more. */
  | { readonly rollback: { readonly to: number | null } }
);
