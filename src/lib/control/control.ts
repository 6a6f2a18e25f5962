import type { Command, CommandAnswer, CommandKind, CommandState, WantedValue } from '../domain/command.ts';
import type { CommandId, DeviceId, JobId, ProjectId } from '../domain/ids.ts';
import type { JsonValue } from '../domain/value.ts';
import type { MusterError } from '../errors/muster-error.ts';
import type { CommandFilter } from '../storage/command-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { Page, PageRequest } from '../storage/page.ts';

export type { CommandFilter } from '../storage/command-storage.ts';

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

/** What a device says of a command that it was given. */
export interface Answer {
  readonly id: CommandId;
  readonly state: CommandAnswer;
  readonly reason: string | null;
  readonly result: JsonValue;
}

/** Commands that somebody else commits, with changes of his own. One of the two is to be called. */
export interface PlannedCommands {
  readonly commands: readonly Command[];
  readonly statements: readonly Statement[];
  /** The statements are on disk: the commands go out. */
  committed(): void;
  /** They are not, and will not be. */
  dropped(): void;
}

/**
 * What is asked of devices, from the wish to the answer. A command is on disk before `submit` resolves. It goes to the device when that listens: over MQTT when it is connected
 * and subscribed, over HTTP when it fetches; again when the connection is lost before the acknowledgement, so at least once, each time with the same id. A newer set of
 * the same points, or a newer configuration, takes the place of one that waits (cancelled, "superseded"). Commands of one device go out in the order of their making.
 */
export interface Control {
  /** All of them or none. Throws not_found, invalid (a point that may not be set, a value that does not fit), limit_reached, not_allowed (the device is retired or disabled). */
  submit(project: ProjectId, commands: readonly NewCommand[], actor: string): Promise<readonly Command[]>;
  /** The same, for one transaction with something else. Throws as `submit`. */
  plan(project: ProjectId, commands: readonly NewCommand[], actor: string): PlannedCommands;
  /** As many of them as may be asked; `refused` says of the others why not. */
  planSome(project: ProjectId, commands: readonly NewCommand[], actor: string): PlannedCommands & { readonly refused: ReadonlyMap<NewCommand, MusterError> };
  get(project: ProjectId, id: CommandId): Promise<Command | null>;
  /** The newest first. */
  list(filter: CommandFilter, page: PageRequest): Promise<Page<Command>>;
  /** Throws not_found, and conflict when it is settled already. */
  cancel(project: ProjectId, id: CommandId, actor: string): Promise<Command>;
  /** Resolves with the command once it is settled, or as it is when the signal aborts. Throws not_found. */
  settled(project: ProjectId, id: CommandId, signal: AbortSignal): Promise<Command>;
  /** Told of each change of state once it is on disk; `before` null: it is new. Returns what takes the listener off. Must not throw. */
  onChanged(listener: (command: Command, before: CommandState | null) => void): () => void;
  /**
   * What a device answers, or a gateway for it; on disk when it resolves. Said twice, it changes nothing. After the command expired or was cancelled it is noted as
   * `lateAnswer`. Throws not_found (no such command of this device), conflict (the device said the opposite before), invalid (another kind of command).
   */
  answered(device: DeviceId, kind: CommandKind | null, answer: Answer): Promise<Command>;
  /**
   * For devices that fetch: what is asked of the device and not settled, the oldest first, without what went to it over a connection; behind `after`, when that is given. They
   * count as delivered. Without any it waits for one, until the signal aborts. Of several that wait for one device, the oldest is refused when there are too many: rate_limited.
   */
  fetch(device: DeviceId, after: CommandId | null, signal: AbortSignal): Promise<readonly Command[]>;
  /** What was wanted last of each point of a device. */
  wantedOf(device: DeviceId): readonly WantedValue[];
}

/** How commands reach devices; protocol adapters implement it. */
export interface CommandCarrier {
  /** Does the device listen for this kind, here and now? */
  listens(device: DeviceId, kind: CommandKind): boolean;
  /**
   * Hands the message to the device's connection. `delivered`: its client acknowledged it; `lost`: the connection ended before. False: nobody takes it now.
   * Called in order; must not throw. Neither of the two is called before it returns. `expiresAt`: what is not on the wire by then need not be, and is lost.
   */
  send(
    device: DeviceId,
    kind: CommandKind,
    message: { readonly payload: Uint8Array; readonly expiresAt: number },
    on: { delivered(): void; lost(): void },
  ): boolean;
  /** Told when a device begins to listen; null: any device may have begun. Must not throw. */
  onListening(listener: (device: DeviceId | null) => void): void;
}
