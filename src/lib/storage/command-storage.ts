import type { Command, CommandKind, CommandState, WantedValue } from '../domain/command.ts';
import type { CommandId, DeviceId, JobId, ProjectId } from '../domain/ids.ts';
import type { Statement } from './commit-log.ts';
import type { Page, PageRequest } from './page.ts';

/** Absent lists do not narrow. */
export interface CommandFilter {
  readonly project: ProjectId;
  readonly device?: DeviceId;
  readonly kinds?: readonly CommandKind[];
  readonly states?: readonly CommandState[];
  readonly job?: JobId;
}

/** Commands on disk. Reads answer at once; changes are statements, committed by the caller. Statements that take a list write all of it as one. */
export interface CommandStorage {
  /** All that are not settled, in the order of their making. For the hub's start. */
  open(): Iterable<Command>;
  byId(project: ProjectId, id: CommandId): Promise<Command | null>;
  /** The last made first. */
  list(filter: CommandFilter, page: PageRequest): Promise<Page<Command>>;
  /** What was wanted last of each point of a device. */
  wantedOf(device: DeviceId): readonly WantedValue[];
  /** New ones, with what they want of points. One that is there already stays as it is. */
  insert(commands: readonly Command[]): readonly Statement[];
  /** State, reason, result and times of commands that exist, and the same of what they want of points, where nothing newer is wanted. */
  update(commands: readonly Command[]): readonly Statement[];
  /** Those settled before this time go, the oldest first, at most `max` at once; the receipt says how many. */
  removeSettled(before: number, max: number): Statement;
  /** With more than `keep` of all projects together, the oldest that are settled go, at most `max` at once; the receipt says how many. */
  removeBeyond(keep: number, max: number): Statement;
}
