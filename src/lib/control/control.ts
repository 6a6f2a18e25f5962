import type { Command, CommandKind, CommandState } from '../domain/command.ts';
import type { CommandId, DeviceId, JobId, ProjectId } from '../domain/ids.ts';
import type { JsonValue } from '../domain/value.ts';

export interface NewCommand {
  readonly device: DeviceId;
  readonly kind: CommandKind;
  /** Of a call: its name. */
  readonly name: string | null;
  /** set: values by point path; each must be a parameter or set point, of its value type, within its limits. call: arguments. config: the document. */
  readonly value: JsonValue;
  /** ms that it lives; null: control.expiry-default-ms. */
  readonly expiryMs: number | null;
  readonly version?: number;
  readonly job?: JobId;
}

export interface CommandFilter {
  readonly project: ProjectId;
  readonly device?: DeviceId;
  readonly kinds?: readonly CommandKind[];
  readonly states?: readonly CommandState[];
  readonly job?: JobId;
}

/**
 * What is asked of devices, from the wish to the answer. A command is on disk before `submit` resolves. It goes to the device when that listens: over MQTT when it is connected
 * and subscribed, over HTTP when it fetches; again when the connection is lost before the acknowledgement, so at least once, each time with the same id. A newer set of
 * the same point, or a newer configuration, takes the place of one that was not sent yet (cancelled, "superseded"). Commands of one device go out in the order of their making.
 */
export interface Control {
  /** All of them or none. Throws not_found, invalid (a point that may not be set, a value that does not fit), limit_reached, not_allowed (the device is retired or disabled). */
  submit(project: ProjectId, commands: readonly NewCommand[], actor: string): Promise<readonly Command[]>;
  get(project: ProjectId, id: CommandId): Promise<Command | null>;
  /** The newest first. */
  list(filter: CommandFilter, page: { readonly limit: number; readonly before: CommandId | null }): Promise<readonly Command[]>;
  /** Throws conflict when it is settled already. */
  cancel(project: ProjectId, id: CommandId, actor: string): Promise<Command>;
  /** Resolves with the command once it is settled, or as it is when the time is over. */
  settled(project: ProjectId, id: CommandId, signal: AbortSignal): Promise<Command>;
  /** Told of each change of state once it is on disk. Returns what takes the listener off. Must not throw. */
  onChanged(listener: (command: Command, before: CommandState | null) => void): () => void;
}

/** How commands reach devices; protocol adapters implement it. */
export interface CommandCarrier {
  /** Does the device listen for this kind, here and now? */
  listens(device: DeviceId, kind: CommandKind): boolean;
  /**
   * Hands the message to the device's connection. `onDelivered`: its client acknowledged it; `onLost`: the connection ended before. False: nobody listens.
   * Called in order; must not throw.
   */
  send(device: DeviceId, kind: CommandKind, payload: Uint8Array, on: { delivered(): void; lost(): void }): boolean;
}
