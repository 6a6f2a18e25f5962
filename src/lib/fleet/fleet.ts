import { isDeepStrictEqual } from 'node:util';
import { type AliasKind, type Device, type DeviceState, isInService } from '../domain/device.ts';
import type { DeviceType, TypeMode } from '../domain/device-type.ts';
import { GROUPS_PER_DEVICE_MAX } from '../domain/group.ts';
import { type DeviceId, type DeviceTypeId, type GroupPath, isGroupPath, type ProjectId, type SeriesId } from '../domain/ids.ts';
import type { Point, PointDefinition } from '../domain/point.ts';
import type { JsonObject } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { type AdoptOptions, adoptDevice } from './adopt-device.ts';
import { type ChangeOrder, createChangeOrder } from './change-order.ts';
import { commitOrExplain } from './commit-or-explain.ts';
import { type DeviceChange, LABELS_MAX, type NewDevice } from './device-change.ts';
import type { DeviceEntry, Directory, PointEntry } from './directory.ts';
import { createProvisioning, type Provisioning } from './provisioning.ts';
import { stateStatements } from './state-change.ts';
import { createTurns } from './turns.ts';
import { applyDefinition, asDeclared, changedDefinitions, declaredPoints, type PointChange } from './type-points.ts';

export { type DeviceChange, LABELS_MAX, type NewDevice } from './device-change.ts';
export interface NewDeviceType {
  readonly id: string;
  readonly mode: TypeMode;
  readonly description: string | null;
  readonly points: readonly PointDefinition[];
  /** Absent: none. */
  readonly configSchema?: JsonObject | null | undefined;
}

const TYPES_MAX = 1_000;

/**
 * Changes to devices, types and points: on disk first, then in the directory. New devices come side by side, everything else one after the other:
 * each builds on what the one before it left. Refusals are MusterErrors.
 */
export interface Fleet extends Provisioning {
  device(project: ProjectId, idOrAlias: string): DeviceEntry;
  /** `alongside`: committed with the device or not at all, such as its credential; `conflict` when one of them cannot be. */
  createDevice(project: ProjectId, device: NewDevice, alongside?: readonly Statement[]): Promise<DeviceEntry>;
  /** `expected`: refused with `conflict` in any other state. */
  updateDevice(project: ProjectId, id: string, change: DeviceChange, expected?: DeviceState): Promise<DeviceEntry>;
  /** A device that waited claims itself: `alongside` is committed or not at all. `hold`: it waits to be approved then. Throws conflict, also of one that is out of service. */
  adoptDevice(project: ProjectId, id: string, options: AdoptOptions, alongside: readonly Statement[]): Promise<DeviceEntry>;
  deleteDevice(project: ProjectId, id: string, expected?: DeviceState): Promise<void>;
  type(project: ProjectId, id: string): DeviceType;
  createType(project: ProjectId, type: NewDeviceType): Promise<DeviceType>;
  updateType(project: ProjectId, id: string, change: Partial<Omit<NewDeviceType, 'id'>>): Promise<DeviceType>;
  deleteType(project: ProjectId, id: string): Promise<void>;
  updatePoint(project: ProjectId, device: string, path: string, change: PointChange): Promise<Point>;
}

export interface FleetPorts {
  readonly system: SystemStore;
  readonly directory: Directory;
  readonly clock: () => number;
  /** Shared with those who change what devices refer to; absent: its own. */
  readonly order?: ChangeOrder;
  readonly devicesMax: number;
  readonly pointsPerDeviceMax: number;
  readonly pointsPerProjectMax: number;
  readonly allocateSeries: () => SeriesId;
  /** Resolves when no message of the device is on its way to the disk. */
  readonly settled: (device: DeviceEntry) => Promise<void>;
  /** The device may no longer act as it did: disabled, or gone. */
  readonly onDeviceClosed: (device: DeviceId) => void;
  /** Its labels, type, parent or state are others, or it is gone; the directory says so. */
  readonly onDeviceChanged?: (device: DeviceId) => void;
  /** Its series are not needed any more. */
  readonly onSeriesRemoved: (series: readonly SeriesId[]) => void;
}

export function createFleet(ports: FleetPorts): Fleet {
  const { system, directory, clock } = ports;
  const { order = createChangeOrder() } = ports;
  const many = createProvisioning({ ...ports, checkedType, checkedParent, checkedGroups, typeOf, following, newOnes, merged, noDevice });

  return {
    device: findDevice,
    type: findType,
    createDevice: (project, device, alongside = []) => order.together(() => createDevice(project, device, alongside)),
    updateDevice: (project, id, change, expected) => order.alone(() => updateDevice(project, id, change, expected)),
    adoptDevice: (project, id, options, alongside) => order.together(() => adoptDevice(ports, findDevice(project, id), options, alongside)),
    deleteDevice: (project, id, expected) => order.alone(() => deleteDevice(project, id, expected)),
    provision: (project, items, options) => order.alone(() => many.provision(project, items, options)),
    deleteDevices: (project, ids, options) => order.alone(() => many.deleteDevices(project, ids, options)),
    createType: (project, type) => order.alone(() => createType(project, type)),
    updateType: (project, id, change) => order.alone(() => updateType(project, id, change)),
    deleteType: (project, id) => order.alone(() => deleteType(project, id)),
    updatePoint: (project, device, path, change) => order.alone(() => updatePoint(project, device, path, change)),
  };

  async function createDevice(project: ProjectId, wanted: NewDevice, alongside: readonly Statement[]): Promise<DeviceEntry> {
    if (directory.devicesTaken(project) >= ports.devicesMax) {
      throw new MusterError('limit_reached', `the project has ${ports.devicesMax} devices already (limits.devices-per-project)`);
    }
    const now = clock();
    const device: Device = {
      id: wanted.id as DeviceId,
      project,
      name: wanted.name ?? wanted.id,
      kind: wanted.kind,
      type: checkedType(project, wanted.type ?? null),
      parent: checkedParent(project, wanted.id, wanted.parent ?? null),
      state: wanted.state ?? 'active',
      labels: wanted.labels,
      aliases: definedOnly(wanted.aliases),
      groups: checkedGroups(project, wanted.groups ?? []),
      createdAt: now,
      updatedAt: now,
    };
    const { points, statements } = following([{ device, points: new Map() }], typeOf(device), []);
    // Others are created meanwhile, and reports bring points: what is on its way counts for all of them.
    const release = directory.reserve(project, 1, points.length);
    try {
      await commitOrExplain(system.log, [system.devices.insert(device), ...statements, ...alongside], {
        unique: (constraint) => (constraint?.includes('alias') ? aliasTaken(device) : new MusterError('conflict', `a device ${device.id} exists already`)),
        reference: () => new MusterError('conflict', 'its type or parent was removed in the meantime'),
      });
      const entry = directory.putDevice(device);
      for (const point of points) directory.putPoint(point);
      return entry;
    } finally {
      release();
    }
  }

  async function updateDevice(project: ProjectId, id: string, change: DeviceChange, expected?: DeviceState): Promise<DeviceEntry> {
    const entry = findDevice(project, id);
    const before = entry.device;
    checkState(before, expected);
    const device: Device = {
      ...before,
      name: change.name ?? before.name,
      type: change.type === undefined ? before.type : checkedType(project, change.type),
      parent: change.parent === undefined ? before.parent : checkedParent(project, before.id, change.parent),
      state: change.state ?? before.state,
      labels: merged(before.labels, change.labels),
      aliases: merged(before.aliases as Record<string, string>, change.aliases as Record<string, string | null> | undefined),
      groups: change.groups === undefined ? before.groups : checkedGroups(project, change.groups),
      updatedAt: clock(),
    };
    const withState = stateStatements(system, before, device);
    if (Object.keys(device.labels).length > LABELS_MAX) throw new MusterError('invalid', `a device has ${LABELS_MAX} labels at most`);
    const type = typeOf(device);
    const { points, statements } = following([{ device, points: entry.points }], type, device.type === before.type ? [] : (type?.points ?? []));
    const release = directory.reserve(project, 0, newOnes(points));
    try {
      await commitOrExplain(system.log, [system.devices.update(device), ...withState, ...statements], {
        unique: () => aliasTaken(device),
        reference: () => new MusterError('conflict', 'its type or parent was removed in the meantime'),
        stale: () => noDevice(id),
      });
      directory.putDevice(device);
      for (const point of points) directory.putPoint(point);
    } finally {
      release();
    }
    ports.onDeviceChanged?.(device.id);
    if (isInService(before.state) && !isInService(device.state)) ports.onDeviceClosed(device.id);
    return entry;
  }

  async function deleteDevice(project: ProjectId, id: string, expected?: DeviceState): Promise<void> {
    const entry = findDevice(project, id);
    const { device } = entry;
    checkState(device, expected);
    const children = directory.children(device.id).size;
    if (children > 0)
      throw new MusterError('in_use', `${device.id} is the gateway of ${children} devices`, { hint: 'Delete them first, or give them another parent.' });
    // From here on nothing of it is taken, and what came before has its answer: nothing is acknowledged that the deletion has already passed by.
    entry.closing = true;
    try {
      await ports.settled(entry);
      await commitOrExplain(system.log, system.devices.remove(device.id), {
        stale: () => noDevice(id),
        reference: () => new MusterError('in_use', `something still depends on ${device.id}`),
      });
    } catch (error: unknown) {
      entry.closing = false;
      throw error;
    }
    const series = [...entry.points.values()].map(({ point }) => point.series);
    directory.removeDevice(device.id);
    ports.onDeviceChanged?.(device.id);
    ports.onDeviceClosed(device.id);
    if (series.length > 0) ports.onSeriesRemoved(series);
  }

  async function createType(project: ProjectId, wanted: NewDeviceType): Promise<DeviceType> {
    if ([...directory.typesOf(project)].length >= TYPES_MAX) throw new MusterError('limit_reached', `the project has ${TYPES_MAX} types already`);
    const now = clock();
    const type: DeviceType = {
      ...wanted,
      points: checkedPoints(wanted.points),
      configSchema: wanted.configSchema ?? null,
      id: wanted.id as DeviceTypeId,
      project,
      createdAt: now,
      updatedAt: now,
    };
    await commitOrExplain(system.log, [system.types.insert(type)], { unique: () => new MusterError('conflict', `a type ${type.id} exists already`) });
    directory.putType(type);
    return type;
  }

  async function updateType(project: ProjectId, id: string, change: Partial<Omit<NewDeviceType, 'id'>>): Promise<DeviceType> {
    const before = findType(project, id);
    const type: DeviceType = {
      ...before,
      mode: change.mode ?? before.mode,
      description: change.description === undefined ? before.description : change.description,
      points: change.points === undefined ? before.points : checkedPoints(change.points),
      configSchema: change.configSchema === undefined ? before.configSchema : change.configSchema,
      updatedAt: clock(),
    };
    const followers = await ofType(project, type.id);
    const { points, statements } = following(followers, type, changedDefinitions(before, type));
    const release = directory.reserve(project, 0, newOnes(points));
    try {
      await commitOrExplain(system.log, [system.types.update(type), ...statements], { stale: () => noType(id) });
      directory.putType(type);
      for (const point of points) directory.putPoint(point);
    } finally {
      release();
    }
    return type;
  }

  /** The event loop goes on meanwhile: whose records were not read yet are read for this. Nothing else changes devices or types as long as this is alone. */
  async function ofType(project: ProjectId, type: DeviceTypeId): Promise<readonly DeviceEntry[]> {
    const found: DeviceEntry[] = [];
    const turns = createTurns();
    for (const entry of directory.sortedDevices(project)) {
      if (entry.device.type === type) found.push(entry);
      if (turns.isOver()) await turns.next();
    }
    return found;
  }

  async function deleteType(project: ProjectId, id: string): Promise<void> {
    const type = findType(project, id);
    const users = (await ofType(project, type.id)).length;
    if (users > 0) throw new MusterError('in_use', `${users} devices are of the type ${id}`, { hint: 'Give them another type first.' });
    await commitOrExplain(system.log, [system.types.remove(project, type.id)], {
      stale: () => noType(id),
      reference: () => new MusterError('in_use', `devices are of the type ${id}`),
    });
    directory.removeType(project, type.id);
  }

  async function updatePoint(project: ProjectId, deviceId: string, path: string, change: PointChange): Promise<Point> {
    const { device, points } = findDevice(project, deviceId);
    const entry = points.get(path);
    if (!entry) throw new MusterError('not_found', `${device.id} has no point ${path}`, { hint: `List its points with \`muster point list ${device.id}\`.` });
    const point: Point = applyDefinition(entry.point, change);
    if (point.min !== null && point.max !== null && point.min > point.max) throw new MusterError('invalid', `min ${point.min} is above max ${point.max}`);
    await commitOrExplain(system.log, pointUpdate(entry, point), { stale: () => new MusterError('not_found', `${device.id} has no point ${path}`) });
    directory.putPoint(point);
    return point;
  }

  function findDevice(project: ProjectId, idOrAlias: string): DeviceEntry {
    const named = directory.device(idOrAlias);
    // Another project's device is like none at all, also when its id looks like one of our aliases.
    if (named?.device.project === project) return named;
    const colon = idOrAlias.indexOf(':');
    const entry = colon > 0 ? directory.byAlias(project, idOrAlias.slice(0, colon) as AliasKind, idOrAlias.slice(colon + 1)) : undefined;
    if (!entry) throw noDevice(idOrAlias);
    return entry;
  }

  function findType(project: ProjectId, id: string): DeviceType {
    const type = directory.type(project, id as DeviceTypeId);
    if (!type) throw noType(id);
    return type;
  }

  function checkedGroups(project: ProjectId, groups: readonly string[], mayMiss = false): readonly GroupPath[] {
    for (const group of groups) {
      if (mayMiss ? isGroupPath(group) : directory.groups.group(project, group) !== undefined) continue;
      throw new MusterError('invalid', `there is no group ${group.slice(0, 200)}`, {
        hint: 'Create it with `muster group create`, or say that missing groups are to be made.',
        details: { field: 'groups', group: group.slice(0, 200) },
      });
    }
    if (groups.length > GROUPS_PER_DEVICE_MAX) throw new MusterError('invalid', `a device is in ${GROUPS_PER_DEVICE_MAX} groups at most`);
    return [...new Set(groups as readonly GroupPath[])].sort();
  }

  function typeOf(device: Device): DeviceType | undefined {
    return device.type === null ? undefined : directory.type(device.project, device.type);
  }

  function checkedType(project: ProjectId, id: string | null): DeviceTypeId | null {
    if (id === null) return null;
    if (!directory.type(project, id as DeviceTypeId))
      throw new MusterError('invalid', `there is no type ${id}`, { hint: 'Create it with `muster type create`.' });
    return id as DeviceTypeId;
  }

  function checkedParent(project: ProjectId, child: string, id: string | null, known = deviceNamed): DeviceId | null {
    if (id === null) return null;
    const parent = known(id);
    if (!parent || parent.project !== project) throw new MusterError('invalid', `there is no device ${id} to be the parent`);
    if (parent.kind !== 'gateway') throw new MusterError('invalid', `${id} is no gateway`, { hint: 'Only a device of kind gateway can be a parent.' });
    for (let above: Device | undefined = parent; above; above = above.parent === null ? undefined : known(above.parent)) {
      if (above.id === child) throw new MusterError('invalid', `${id} is below ${child} itself`);
    }
    return parent.id;
  }

  function deviceNamed(id: string): Device | undefined {
    return directory.device(id)?.device;
  }

  /**
   * A type's points are written into its devices: what it declares anew appears, what it says in other words (`reworded`) follows. What is stored
   * stays as it is. Throws limit_reached when that would be too many points.
   */
  function following(
    followers: readonly Pick<DeviceEntry, 'device' | 'points'>[],
    type: DeviceType | undefined,
    reworded: readonly PointDefinition[],
  ): { readonly points: readonly Point[]; readonly statements: readonly Statement[] } {
    const now = clock();
    const points: Point[] = [];
    const statements: Statement[] = [];
    let added = 0;
    for (const { device, points: known } of followers) {
      const declared = declaredPoints(device, type, ports.allocateSeries, now, known);
      checkRoom(device, known.size, declared.length, added);
      added += declared.length;
      for (const point of declared) {
        points.push(point);
        statements.push(system.points.ensure(point));
      }
      for (const definition of reworded) {
        const entry = known.get(definition.path);
        const point = entry && asDeclared(entry.point, definition);
        if (!point || isDeepStrictEqual(point, entry.point)) continue;
        points.push(point);
        statements.push(...pointUpdate(entry, point));
      }
    }
    return { points, statements };
  }

  function checkRoom({ id, project }: Device, known: number, added: number, addedBefore: number): void {
    const { pointsPerDeviceMax, pointsPerProjectMax } = ports;
    if (added === 0) return;
    if (known + added > pointsPerDeviceMax)
      throw new MusterError('limit_reached', `${id} would have ${known + added} points, more than ${pointsPerDeviceMax} (limits.points-per-device)`);
    const inProject = directory.pointsTaken(project) + addedBefore + added;
    if (inProject > pointsPerProjectMax)
      throw new MusterError('limit_reached', `the project would have more than ${pointsPerProjectMax} points (limits.points-per-project)`);
  }

  /** The others were there before, and are worded anew. */
  function newOnes(points: readonly Point[]): number {
    return points.filter(({ device, path }) => !directory.device(device)?.points.has(path)).length;
  }

  /** The row of a point may still be on its way, or have failed on it: then it comes along. */
  function pointUpdate(entry: PointEntry, point: Point): Statement[] {
    return [...(entry.stored ? [] : [system.points.ensure(entry.point)]), system.points.update(point)];
  }

  function checkedPoints(points: readonly PointDefinition[]): readonly PointDefinition[] {
    const paths = new Set<string>();
    for (const { path, min, max } of points) {
      if (paths.has(path)) throw new MusterError('invalid', `the point ${path} is declared twice`);
      paths.add(path);
      if (min !== null && max !== null && min > max) throw new MusterError('invalid', `of ${path}, min ${min} is above max ${max}`);
    }
    if (points.length > ports.pointsPerDeviceMax)
      throw new MusterError('limit_reached', `a device may have ${ports.pointsPerDeviceMax} points (limits.points-per-device)`);
    return points;
  }

  function aliasTaken(device: Device): MusterError {
    for (const [kind, value] of Object.entries(device.aliases)) {
      const owner = directory.byAlias(device.project, kind as AliasKind, value)?.device.id;
      if (owner && owner !== device.id) return new MusterError('conflict', `the alias ${kind} ${value} belongs to ${owner}`);
    }
    return new MusterError('conflict', 'an alias belongs to another device');
  }
}

function checkState({ id, state }: Device, expected: DeviceState | undefined): void {
  if (expected !== undefined && state !== expected) throw new MusterError('conflict', `the device ${id} is ${state}, not ${expected}`);
}

function noDevice(id: string): MusterError {
  return new MusterError('not_found', `there is no device ${id.slice(0, 130)}`, { hint: 'List them with `muster device list`.' });
}
function noType(id: string): MusterError {
  return new MusterError('not_found', `there is no type ${id.slice(0, 130)}`, { hint: 'List them with `muster type list`.' });
}

function merged(before: Readonly<Record<string, string>>, change: Readonly<Record<string, string | null>> | undefined): Record<string, string> {
  const after = { ...before };
  for (const [key, value] of Object.entries(change ?? {})) {
    if (value === null) delete after[key];
    else after[key] = value;
  }
  return after;
}

function definedOnly<Key extends string>(record: Readonly<Partial<Record<Key, string | undefined>>>): Partial<Record<Key, string>> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<Record<Key, string>>;
}
