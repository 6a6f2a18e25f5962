import type { Command } from '../domain/command.ts';
import type { ConfigChange, ConfigVersion } from '../domain/device-config.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/value.ts';
import type { MusterError } from '../errors/muster-error.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { Statement } from '../storage/commit-log.ts';

/** A document that a device is to be given. `isNew` false: it is the wanted one already, and is sent once more. */
export interface ConfigToSend {
  readonly outcome: 'send';
  readonly isNew: boolean;
  readonly version: number;
  readonly document: JsonObject;
  readonly undoes: number | null;
  /** What is wanted until then; null: nothing. */
  readonly before: ConfigVersion | null;
}

export type PlannedConfig =
  | ConfigToSend
  /** The device has it already, and said so. */
  | { readonly outcome: 'kept'; readonly before: ConfigVersion }
  /** not_found: no such device, or no version to go back to; conflict: not on this version; invalid: it does not fit the schema. */
  | { readonly outcome: 'refused'; readonly before: ConfigVersion | null; readonly error: MusterError };

/** What a change of configuration means for one device. Jobs ask it for each device when it is its turn. */
export interface ConfigPlanner {
  plan(project: ProjectId, device: DeviceId, change: ConfigChange): Promise<PlannedConfig>;
  /**
   * What goes into the transaction of the command that carries it, and what the journal is told of it. The transaction is refused with `unique` or `stale` when somebody
   * changed the configuration of the device in between: then it is planned again.
   */
  record(plan: ConfigToSend, command: Command, change: ConfigChange): { readonly statements: readonly Statement[]; readonly events: readonly NewEvent[] };
}
