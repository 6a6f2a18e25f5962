import type { Device } from '../../domain/device.ts';
import { compareGroupPaths, type DeviceGroups, deviceGroups, GROUP_LABEL, type Group, groupPath, IN_NO_GROUP, parentPath } from '../../domain/group.ts';
import type { GroupPath, ProjectId } from '../../domain/ids.ts';
import { createSelectorIndex, isTried, type SelectorIndex } from './selector-index.ts';

/** A device in memory, as far as groups go. */
export interface Placed<Entry> {
  readonly device: Device;
  /** null: it is in no group. */
  membership: Membership<Entry> | null;
}

/**
 * All devices that are in the same groups: there are few of these beside the devices, and each device is in one. A group's devices are those of all that name it,
 * and none of them comes twice.
 */
export interface Membership<Entry> extends DeviceGroups {
  readonly devices: Set<Entry>;
}

/** The groups in memory, and who is in them. */
export interface GroupRegistry<Entry> {
  group(project: ProjectId, path: string): Group | undefined;
  /** As a tree is read. */
  list(project: ProjectId): readonly Group[];
  /** Right below a group, by path; of null: the roots. */
  children(project: ProjectId, path: GroupPath | null): readonly Group[];
  count(project: ProjectId): number;
  /** Selectors that are tried on each device, as no value that they want finds them. */
  triedSelectors(project: ProjectId): number;
  /** Would the selector of this group be one of them? */
  isTried(group: Group): boolean;
  /** Devices follow a selector that is new, another or gone only when they are placed again. */
  put(group: Group): void;
  remove(project: ProjectId, path: GroupPath): void;
  /** Of any device, also one that is none of the fleet yet. */
  groupsOf(device: Device): DeviceGroups;
  /** Puts a device where it belongs now. true: that is somewhere else than before. */
  place(entry: Entry): boolean;
  /** A device that is new, and in these groups alone: of those that its labels put somewhere, or that a selector may want, only `place` knows where they belong. */
  putInto(entry: Entry, project: ProjectId, groups: readonly GroupPath[]): void;
  /** Has the project groups with selectors? */
  selects(project: ProjectId): boolean;
  leave(entry: Entry): void;
  /** Of a group and all below it, each once. */
  devices(project: ProjectId, path: string): Iterable<Entry>;
  deviceCount(project: ProjectId, path: string): number;
  /** Of a project: who is in at least one group. */
  memberships(project: ProjectId): Iterable<Membership<Entry>>;
}

interface Table<Entry> {
  readonly groups: Map<string, Group>;
  readonly children: Map<GroupPath | null, Map<GroupPath, Group>>;
  readonly selectors: SelectorIndex;
  readonly memberships: Map<string, Membership<Entry>>;
  readonly ofPath: Map<string, Set<Membership<Entry>>>;
  /** null: to be sorted again. */
  sorted: readonly Group[] | null;
}

export function createGroupRegistry<Entry extends Placed<Entry>>(): GroupRegistry<Entry> {
  const tables = new Map<ProjectId, Table<Entry>>();

  return {
    group: (project, path) => tables.get(project)?.groups.get(path),
    list(project) {
      const table = tables.get(project);
      if (table === undefined) return [];
      table.sorted ??= [...table.groups.values()].sort((one, other) => compareGroupPaths(one.path, other.path));
      return table.sorted;
    },
    children(project, path) {
      const children = tables.get(project)?.children.get(path);
      return children === undefined ? [] : [...children.values()].sort((one, other) => compareGroupPaths(one.path, other.path));
    },
    count: (project) => tables.get(project)?.groups.size ?? 0,
    triedSelectors: (project) => tables.get(project)?.selectors.tried ?? 0,
    isTried: ({ selector }) => selector !== null && isTried(selector),
    put(group) {
      const table = tableOf(group.project);
      table.groups.set(group.path, group);
      const above = parentPath(group.path);
      const siblings = table.children.get(above);
      if (siblings) siblings.set(group.path, group);
      else table.children.set(above, new Map([[group.path, group]]));
      table.selectors.set(group.path, group.selector);
      table.sorted = null;
    },
    remove(project, path) {
      const table = tables.get(project);
      if (table === undefined || !table.groups.delete(path)) return;
      const above = parentPath(path);
      const siblings = table.children.get(above);
      siblings?.delete(path);
      if (siblings?.size === 0) table.children.delete(above);
      table.selectors.set(path, null);
      table.sorted = null;
    },
    groupsOf(device) {
      const own = ownGroups(device);
      return own.length === 0 ? IN_NO_GROUP : (tables.get(device.project)?.memberships.get(keyOf(own)) ?? deviceGroups(own));
    },
    place(entry) {
      const own = ownGroups(entry.device);
      const before = entry.membership;
      if (own.length === 0 ? before === null : before !== null && sameTexts(before.own, own)) return false;
      if (before !== null) part(entry, before);
      entry.membership = own.length === 0 ? null : membershipOf(entry.device.project, own);
      entry.membership?.devices.add(entry);
      return true;
    },
    putInto(entry, project, groups) {
      entry.membership = groups.length === 0 ? null : membershipOf(project, groups);
      entry.membership?.devices.add(entry);
    },
    selects: (project) => (tables.get(project)?.selectors.size ?? 0) > 0,
    leave(entry) {
      if (entry.membership !== null) part(entry, entry.membership);
      entry.membership = null;
    },
    *devices(project, path) {
      for (const membership of tables.get(project)?.ofPath.get(path) ?? []) yield* membership.devices;
    },
    deviceCount(project, path) {
      let count = 0;
      for (const { devices } of tables.get(project)?.ofPath.get(path) ?? []) count += devices.size;
      return count;
    },
    memberships: (project) => tables.get(project)?.memberships.values() ?? [],
  };

  function tableOf(project: ProjectId): Table<Entry> {
    let table = tables.get(project);
    if (table === undefined) {
      table = { groups: new Map(), children: new Map(), selectors: createSelectorIndex(), memberships: new Map(), ofPath: new Map(), sorted: null };
      tables.set(project, table);
    }
    return table;
  }

  /** The label first: where there is room for one group, it is that one, as it always was. */
  function ownGroups(device: Device): readonly GroupPath[] {
    const label = labelGroup(device);
    const selectors = tables.get(device.project)?.selectors;
    if (label === null && (selectors === undefined || selectors.size === 0)) return device.groups;
    const putInto = label === null ? device.groups : [label, ...device.groups.filter((group) => group !== label)];
    const fitting = selectors?.matching(device, putInto) ?? [];
    return fitting.length === 0 ? putInto : [...new Set([...putInto, ...fitting])];
  }

  function membershipOf(project: ProjectId, own: readonly GroupPath[]): Membership<Entry> {
    const table = tableOf(project);
    const key = keyOf(own);
    const known = table.memberships.get(key);
    if (known !== undefined) return known;
    const membership: Membership<Entry> = { ...deviceGroups(own), devices: new Set() };
    table.memberships.set(key, membership);
    for (const path of membership.all) {
      const others = table.ofPath.get(path);
      if (others === undefined) table.ofPath.set(path, new Set([membership]));
      else others.add(membership);
    }
    return membership;
  }

  function part(entry: Entry, membership: Membership<Entry>): void {
    membership.devices.delete(entry);
    const table = tables.get(entry.device.project);
    if (membership.devices.size > 0 || table === undefined) return;
    table.memberships.delete(keyOf(membership.own));
    for (const path of membership.all) {
      const others = table.ofPath.get(path);
      others?.delete(membership);
      if (others?.size === 0) table.ofPath.delete(path);
    }
  }
}

function labelGroup({ labels }: Device): GroupPath | null {
  if (!Object.hasOwn(labels, GROUP_LABEL)) return null;
  const path = groupPath(labels[GROUP_LABEL] ?? '');
  return path === '' ? null : path;
}

/** No path holds a line end: names cannot, and of a label it is no more than an odd group. */
function keyOf(own: readonly GroupPath[]): string {
  return own.join('\n');
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}
