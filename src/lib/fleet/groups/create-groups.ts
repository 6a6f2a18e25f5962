import type { Device } from '../../domain/device.ts';
import { GROUP_LABEL, GROUPS_PER_DEVICE_MAX, type Group, isWithin, movedPath, parentPath } from '../../domain/group.ts';
import type { DeviceId, GroupPath, ProjectId } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { SystemStore } from '../../storage/system/system-store.ts';
import type { ChangeOrder } from '../change-order.ts';
import { commitOrExplain } from '../commit-or-explain.ts';
import type { DeviceEntry, Directory } from '../directory.ts';
import { createTurns } from '../turns.ts';
import { changedGroup, checkedPath, lastLevel, missingPaths, newGroup } from './group-facts.ts';
import type { GroupNews, GroupReach, Groups, MemberChange } from './groups.ts';

export interface GroupsPorts {
  readonly system: Pick<SystemStore, 'groups' | 'log'>;
  readonly directory: Directory;
  /** Of the fleet: a group does not change while devices look for it. */
  readonly order: ChangeOrder;
  readonly clock: () => number;
  readonly groupsMax: number;
  /** Selectors of a project that are tried on each device, as no value that they want finds them. */
  readonly triedSelectorsMax: number;
  /** The groups of a device are others; the directory says so. */
  readonly onDeviceChanged: (device: DeviceId) => void;
  readonly onChanged: (news: GroupNews) => void;
}

type Options = Parameters<Groups['add']>[3];

export function createGroups(ports: GroupsPorts): Groups {
  const { system, directory, order, clock } = ports;
  const registry = directory.groups;

  return {
    get,
    create: (project, group, actor) => order.alone(() => create(project, group, actor)),
    async ensure(project, paths, actor) {
      // Nearly always they are all there: then nobody waits.
      if (missing(project, paths).length === 0) return [];
      return order.alone(() =>
        make(
          project,
          missing(project, paths).map((path) => newGroup(project, { path }, clock())),
          actor,
        ),
      );
    },
    update: (project, path, change, actor) => order.alone(() => update(project, path, change, actor)),
    move: (project, from, to, options) => order.alone(() => move(project, from, to, options)),
    delete: (project, path, options) => order.alone(() => remove(project, path, options)),
    add: (project, path, devices, options) => order.alone(() => changeMembers(project, path, devices, true, options)),
    remove: (project, path, devices, options) => order.alone(() => changeMembers(project, path, devices, false, options)),
  };

  function get(project: ProjectId, path: string): Group {
    const group = registry.group(project, path);
    if (group === undefined) throw noGroup(path);
    return group;
  }

  function missing(project: ProjectId, paths: readonly string[]): readonly GroupPath[] {
    return missingPaths(paths, (path) => registry.group(project, path) !== undefined);
  }

  async function create(project: ProjectId, given: Parameters<Groups['create']>[1], actor: string): Promise<Group> {
    const group = newGroup(project, given, clock());
    if (registry.group(project, group.path) !== undefined) throw new MusterError('conflict', `a group ${group.path} exists already`);
    const above = missing(project, [group.path]).filter((path) => path !== group.path);
    await make(project, [...above.map((path) => newGroup(project, { path }, clock())), group], actor);
    return group;
  }

  async function make(project: ProjectId, groups: readonly Group[], actor: string): Promise<readonly Group[]> {
    checkRoom(project, groups);
    await commitOrExplain(
      system.log,
      groups.map((group) => system.groups.insert(group)),
      { unique: () => new MusterError('conflict', `a group ${groups.at(-1)?.path} exists already`) },
    );
    for (const group of groups) registry.put(group);
    if (groups.some(({ selector }) => selector !== null)) await placeAll(project);
    for (const group of groups) ports.onChanged({ kind: 'created', group, actor });
    return groups;
  }

  async function update(project: ProjectId, path: string, change: Parameters<Groups['update']>[2], actor: string): Promise<Group> {
    const before = get(project, path);
    const group = changedGroup(before, change, clock());
    const isSelector = group.selector !== before.selector;
    if (isSelector && !registry.isTried(before)) checkSelectors(project, [group]);
    await commitOrExplain(system.log, [system.groups.update(group)], { stale: () => noGroup(path) });
    registry.put(group);
    if (isSelector) await placeAll(project);
    ports.onChanged({ kind: 'updated', before, group, actor });
    return group;
  }

  async function move(project: ProjectId, fromText: string, toText: string, { actor, check }: Options): Promise<GroupReach> {
    const before = get(project, fromText);
    const { path: from } = before;
    const to = checkedPath(toText);
    if (isWithin(to, from)) throw new MusterError('invalid', to === from ? `${from} is there already` : `${to} is below ${from} itself`);
    if (registry.group(project, to) !== undefined) throw new MusterError('conflict', `a group ${to} exists already`);
    const tree = treeOf(project, from);
    for (const { path } of tree) checkedPath(movedPath(path, from, to));
    const now = clock();
    const parent = parentPath(to);
    const above = (parent === null ? [] : missing(project, [parent])).map((path) => newGroup(project, { path }, now));
    checkRoom(project, above);
    const members = membersOf(project, from);
    if (check) return members.reach;
    // A name that was the last level of the path goes with it.
    const top: Group = { ...before, path: to, name: before.name === lastLevel(from) ? lastLevel(to) : before.name, updatedAt: now };
    await commitOrExplain(
      system.log,
      [
        ...above.map((group) => system.groups.insert(group)),
        system.groups.move(project, from, to, now),
        ...(top.name === before.name ? [] : [system.groups.update(top)]),
        ...(members.putThere.length === 0 ? [] : [system.groups.moveMembers(idsOf(members.putThere), from, to, now)]),
      ],
      { unique: () => new MusterError('conflict', `a group ${to} exists already`), stale: () => noGroup(from) },
    );
    for (const group of above) registry.put(group);
    for (const { path } of tree) registry.remove(project, path);
    for (const group of tree) registry.put(group.path === from ? top : { ...group, path: movedPath(group.path, from, to), updatedAt: now });
    await follow(members.all, (device) => {
      const groups = device.groups.map((group) => movedPath(group, from, to));
      return groups.every((group, index) => group === device.groups[index]) ? device : { ...device, groups: groups.sort(), updatedAt: now };
    });
    for (const group of above) ports.onChanged({ kind: 'created', group, actor });
    ports.onChanged({ kind: 'moved', from, group: top, reach: members.reach, actor });
    return members.reach;
  }

  async function remove(project: ProjectId, pathText: string, { actor, all, check }: Parameters<Groups['delete']>[2]): Promise<GroupReach> {
    const group = get(project, pathText);
    const { path } = group;
    const members = membersOf(project, path);
    const { groups, devices } = members.reach;
    if (!all && (groups > 1 || devices > 0))
      throw new MusterError('in_use', `${path} is not empty: ${groups - 1} groups are below it, and ${devices} devices were put there`, {
        hint: 'Empty it first, or say that all of it goes (the devices themselves stay).',
        details: { groups: groups - 1, devices },
      });
    if (check) return members.reach;
    const now = clock();
    const tree = treeOf(project, path);
    await commitOrExplain(
      system.log,
      [system.groups.remove(project, path), ...(members.putThere.length === 0 ? [] : [system.groups.moveMembers(idsOf(members.putThere), path, null, now)])],
      { stale: () => noGroup(path) },
    );
    for (const each of tree) registry.remove(project, each.path);
    await follow(members.all, (device) => {
      const groups = device.groups.filter((each) => !isWithin(each, path));
      return groups.length === device.groups.length ? device : { ...device, groups, updatedAt: now };
    });
    ports.onChanged({ kind: 'deleted', group, reach: members.reach, actor });
    return members.reach;
  }

  async function changeMembers(
    project: ProjectId,
    pathText: string,
    ids: readonly DeviceId[],
    isIn: boolean,
    { actor, check }: Options,
  ): Promise<MemberChange> {
    const group = get(project, pathText);
    const { path } = group;
    const entries = [...new Set(ids)].flatMap((id) => directory.device(id) ?? []).filter(({ device }) => device.project === project);
    const changed = entries.filter(({ device }) => device.groups.includes(path) !== isIn);
    const result: MemberChange = { changed: idsOf(changed), unchanged: entries.length - changed.length };
    if (check || changed.length === 0) return result;
    const full = isIn ? changed.find(({ device }) => device.groups.length >= GROUPS_PER_DEVICE_MAX) : undefined;
    if (full) throw new MusterError('limit_reached', `${full.device.id} is in ${GROUPS_PER_DEVICE_MAX} groups already`);
    const now = clock();
    await commitOrExplain(system.log, [system.groups.setMembers(result.changed, path, isIn, now)], {});
    await follow(changed, (device) => {
      const groups = isIn ? [...device.groups, path].sort() : device.groups.filter((each) => each !== path);
      return { ...device, groups, updatedAt: now };
    });
    ports.onChanged({ kind: isIn ? 'joined' : 'left', group, devices: result.changed, actor });
    return result;
  }

  function treeOf(project: ProjectId, path: GroupPath): readonly Group[] {
    return registry.list(project).filter((group) => isWithin(group.path, path));
  }

  function membersOf(project: ProjectId, path: GroupPath): { all: readonly DeviceEntry[]; putThere: readonly DeviceEntry[]; reach: GroupReach } {
    const all = [...registry.devices(project, path)];
    const putThere = all.filter(({ device }) => device.groups.some((group) => isWithin(group, path)));
    const byLabel = all.filter(
      ({ device, membership }) => !device.groups.some((group) => isWithin(group, path)) && isByLabel(membership?.own, device, path),
    ).length;
    return { all, putThere, reach: { groups: treeOf(project, path).length, devices: putThere.length, byLabel } };
  }

  /** A selector is new, another or gone: each device of the project is asked again. */
  async function placeAll(project: ProjectId): Promise<void> {
    await follow([...directory.sortedDevices(project)], (device) => device);
  }

  /** Puts devices where they belong now, in turns: a hundred thousand must hold up no sample. */
  async function follow(entries: readonly DeviceEntry[], change: (device: Device) => Device): Promise<void> {
    const turns = createTurns();
    for (const entry of entries) {
      const { device, membership } = entry;
      if (directory.device(device.id) !== entry) continue;
      const after = change(device);
      if (after === device) registry.place(entry);
      else directory.putDevice(after);
      if (entry.membership !== membership) ports.onDeviceChanged(device.id);
      if (turns.isOver()) await turns.next();
    }
  }

  function checkRoom(project: ProjectId, added: readonly Group[]): void {
    if (added.length > 0 && registry.count(project) + added.length > ports.groupsMax)
      throw new MusterError('limit_reached', `the project would have more than ${ports.groupsMax} groups (limits.groups-per-project)`);
    checkSelectors(project, added);
  }

  function checkSelectors(project: ProjectId, groups: readonly Group[]): void {
    if (!groups.some((group) => registry.isTried(group)) || registry.triedSelectors(project) < ports.triedSelectorsMax) return;
    throw new MusterError(
      'limit_reached',
      `${ports.triedSelectorsMax} selectors of groups are tried on each device already (limits.group-selectors-per-project)`,
      {
        hint: 'A selector that wants a value of a label, a type, a parent or an id (site=paris) is found by it, and does not count.',
      },
    );
  }
}

/** The group of a label comes first. */
function isByLabel(own: readonly GroupPath[] | undefined, { labels }: Device, path: GroupPath): boolean {
  const [first] = own ?? [];
  return first !== undefined && Object.hasOwn(labels, GROUP_LABEL) && isWithin(first, path);
}

function idsOf(entries: readonly DeviceEntry[]): DeviceId[] {
  return entries.map(({ id }) => id);
}

function noGroup(path: string): MusterError {
  return new MusterError('not_found', `there is no group ${path.slice(0, 200)}`, { hint: 'List them with `muster group list`.' });
}
