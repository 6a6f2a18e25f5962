import type { Actor } from '../../domain/event.ts';
import type { Group } from '../../domain/group.ts';
import type { DeviceId, GroupPath, ProjectId } from '../../domain/ids.ts';
import type { JsonValue } from '../../domain/value.ts';

export interface NewGroup {
  readonly path: string;
  /** Absent: the last level of the path. */
  readonly name?: string | undefined;
  readonly level?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly selector?: string | null | undefined;
  readonly attributes?: { readonly [name: string]: JsonValue } | undefined;
}

/** What is absent stays. A label of null is removed; attributes take the place of all. */
export interface GroupChange {
  readonly name?: string | undefined;
  readonly level?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  readonly selector?: string | null | undefined;
  readonly attributes?: { readonly [name: string]: JsonValue } | undefined;
}

/** What a move or a deletion reaches. */
export interface GroupReach {
  /** The group and all below it. */
  readonly groups: number;
  /** Devices that were put into one of them. */
  readonly devices: number;
  /** Devices that are in one of them by their label `group` alone, which nobody changes here. */
  readonly byLabel: number;
}

export interface MemberChange {
  /** Those that are in it now and were not, or the other way round. */
  readonly changed: readonly DeviceId[];
  /** How many there was nothing to do for. */
  readonly unchanged: number;
}

/** What has happened: on disk, and in the directory. */
export type GroupNews =
  | { readonly kind: 'created'; readonly group: Group; readonly actor: Actor }
  | { readonly kind: 'updated'; readonly before: Group; readonly group: Group; readonly actor: Actor }
  | { readonly kind: 'moved'; readonly from: GroupPath; readonly group: Group; readonly reach: GroupReach; readonly actor: Actor }
  | { readonly kind: 'deleted'; readonly group: Group; readonly reach: GroupReach; readonly actor: Actor }
  | { readonly kind: 'joined' | 'left'; readonly group: Group; readonly devices: readonly DeviceId[]; readonly actor: Actor };

/** Changes to groups: on disk first, then in the directory, one after the other and apart from those of devices. Refusals are MusterErrors. */
export interface Groups {
  /** Throws not_found. */
  get(project: ProjectId, path: string): Group;
  /** Makes those above it too, when they are missing. Throws `invalid`, `conflict`, limit_reached. */
  create(project: ProjectId, group: NewGroup, actor: Actor): Promise<Group>;
  /** Gives those that it made, in the order of the tree: for who names groups that need not be there yet. Throws `invalid`, limit_reached. */
  ensure(project: ProjectId, paths: readonly string[], actor: Actor): Promise<readonly Group[]>;
  /** Resolves when its devices are those of a new selector. */
  update(project: ProjectId, path: string, change: GroupChange, actor: Actor): Promise<Group>;
  /** With all below it and all devices that were put there, in one transaction. Makes what is above the new path. Throws `conflict` when that is taken. */
  move(project: ProjectId, from: string, to: string, options: { readonly actor: Actor; readonly check: boolean }): Promise<GroupReach>;
  /** Its devices stay. Throws in_use for a group that is not empty, unless `all` is said: then all below it goes as well. */
  delete(project: ProjectId, path: string, options: { readonly actor: Actor; readonly all: boolean; readonly check: boolean }): Promise<GroupReach>;
  /** Puts devices into the group, or takes them out, in one transaction. They exist and are of the project. */
  add(project: ProjectId, path: string, devices: readonly DeviceId[], options: { readonly actor: Actor; readonly check: boolean }): Promise<MemberChange>;
  remove(project: ProjectId, path: string, devices: readonly DeviceId[], options: { readonly actor: Actor; readonly check: boolean }): Promise<MemberChange>;
}
