import { isDeepStrictEqual } from 'node:util';
import { ALIAS_KINDS, type AliasKind, type Device, isInService } from '../domain/device.ts';
import type { DeviceType } from '../domain/device-type.ts';
import type { DeviceId, DeviceTypeId, GroupPath, ProjectId, SeriesId } from '../domain/ids.ts';
import type { Point, PointDefinition } from '../domain/point.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { commitOrExplain } from './commit-or-explain.ts';
import { deletionOrder } from './deletion-order.ts';
import { LABELS_MAX } from './device-change.ts';
import type { DeviceEntry, Directory } from './directory.ts';
import {
  type DeletionResult,
  type DeviceDifference,
  PROVISION_POINTS_MAX,
  type ProvisionDevice,
  type ProvisionItem,
  type Provisioning,
  type ProvisionResult,
} from './provision.ts';
import { stateStatements } from './state-change.ts';

export type { Provisioning } from './provision.ts';

interface ProvisioningPorts {
  // Those of the fleet.
  readonly system: SystemStore;
  readonly directory: Directory;
  readonly clock: () => number;
  readonly devicesMax: number;
  readonly settled: (device: DeviceEntry) => Promise<void>;
  readonly onDeviceClosed: (device: DeviceId) => void;
  readonly onDeviceChanged?: ((device: DeviceId) => void) | undefined;
  readonly onSeriesRemoved: (series: readonly SeriesId[]) => void;
  // The rules of single changes, which hold for those of many too.
  readonly checkedType: (project: ProjectId, id: string | null) => DeviceTypeId | null;
  readonly checkedParent: (project: ProjectId, child: string, id: string | null, known: (id: string) => Device | undefined) => DeviceId | null;
  readonly checkedGroups: (project: ProjectId, groups: readonly string[], mayMiss?: boolean) => readonly GroupPath[];
  readonly typeOf: (device: Device) => DeviceType | undefined;
  readonly following: (
    followers: readonly Pick<DeviceEntry, 'device' | 'points'>[],
    type: DeviceType | undefined,
    reworded: readonly PointDefinition[],
  ) => { readonly points: readonly Point[]; readonly statements: readonly Statement[] };
  readonly newOnes: (points: readonly Point[]) => number;
  readonly merged: (before: Readonly<Record<string, string>>, change: Readonly<Record<string, string | null>> | undefined) => Record<string, string>;
  readonly noDevice: (id: string) => MusterError;
}

/** A row that was found good. */
interface Planned {
  readonly before: Device | null;
  readonly device: Device;
  readonly points: readonly Point[];
  readonly statements: readonly Statement[];
  readonly difference: DeviceDifference;
}

/** The fleet as it will be when the rows so far are written. */
interface Chunk {
  readonly planned: Map<DeviceId, Planned>;
  /** Who has an alias then; null: it became free. */
  readonly aliases: Map<string, DeviceId | null>;
  /** Gives back the room that the rows hold. */
  readonly releases: (() => void)[];
  points: number;
  /** Groups that are missing would be made. */
  readonly mayMissGroups: boolean;
}

/** Chunks of changes, one at a time: whoever calls lets no other change happen meanwhile (change-order.ts). */
export function createProvisioning(ports: ProvisioningPorts): Provisioning {
  const { system, directory, clock } = ports;

  return {
    async provision(project, items, { mode, check, createGroups = false }) {
      const chunk: Chunk = { planned: new Map(), aliases: new Map(), releases: [], points: 0, mayMissGroups: check && createGroups };
      try {
        const rows: (Planned | MusterError | DeviceEntry)[] = [];
        for (const item of items) rows.push(await planned(project, item, mode, check, chunk));
        if (!check) await write([...chunk.planned.values()]);
        return rows.map((row): ProvisionResult => {
          if (row instanceof MusterError) return { ok: false, error: row };
          if ('traffic' in row) return { ok: true, entry: row, before: row.device, outcome: 'created', difference: {} };
          const outcome = row.before === null ? 'created' : hasAny(row.difference) ? 'updated' : 'unchanged';
          return { ok: true, entry: directory.device(row.device.id) ?? null, before: row.before, outcome, difference: row.difference };
        });
      } finally {
        for (const release of chunk.releases) release();
      }
    },

    async deleteDevices(project, ids, { check }) {
      const wanted = new Map<string, DeviceEntry>();
      const rows = ids.map((id) => attempt(() => found(project, id, wanted)));
      const { order, refused } = deletionOrder([...wanted.values()], (id) => directory.children(id));
      limitPoints(
        order.reduce((sum, { pointCount }) => sum + pointCount, 0),
        order.length,
      );
      const points = new Map(order.map((entry) => [entry.device.id, entry.pointCount]));
      if (!check) await remove(order);
      return rows.map((row): DeletionResult => {
        if (row instanceof MusterError) return { ok: false, error: row };
        const error = refused.get(row.device.id);
        return error ? { ok: false, error } : { ok: true, device: row.device, points: points.get(row.device.id) ?? 0 };
      });
    },
  };

  /** The row as it will be; or why not; or the device that this very row created before. */
  async function planned(
    project: ProjectId,
    item: ProvisionItem,
    mode: 'create' | 'upsert' | 'update',
    check: boolean,
    chunk: Chunk,
  ): Promise<Planned | MusterError | DeviceEntry> {
    const { device: wanted } = item;
    const known = mode === 'update' ? attempt(() => find(project, wanted.id)) : directory.device(wanted.id);
    if (known instanceof MusterError) return known;
    if (known && known.device.project === project && (await item.isRepeated?.(known.device))) return known;
    return attempt(() => {
      const id = known?.device.id ?? (wanted.id as DeviceId);
      if (chunk.planned.has(id)) throw new MusterError('conflict', `${id} stands in the same chunk already`);
      // Ids are unique on the hub. Whose it is, is nobody's business.
      if (known && known.device.project !== project) throw new MusterError('conflict', `a device ${id} exists already, perhaps in another project`);
      if (known && mode === 'create') throw new MusterError('conflict', `a device ${id} exists already`);
      const row = planOne(project, known, wanted, item.alongside, check, chunk);
      chunk.planned.set(id, row);
      return row;
    });
  }

  function planOne(
    project: ProjectId,
    known: DeviceEntry | undefined,
    wanted: ProvisionDevice,
    alongside: readonly Statement[],
    check: boolean,
    chunk: Chunk,
  ): Planned {
    const before = known?.device ?? null;
    if (before === null && directory.devicesTaken(project) >= ports.devicesMax)
      throw new MusterError('limit_reached', `the project has ${ports.devicesMax} devices already (limits.devices-per-project)`);
    const device = deviceAfter(project, before, wanted, chunk.mayMissGroups, (id) => chunk.planned.get(id as DeviceId)?.device ?? directory.device(id)?.device);
    checkKind(before, device, chunk);
    checkAliases(device, chunk);
    const difference = before === null ? {} : differenceOf(before, device);
    const changes = before === null || hasAny(difference);
    const withState = before === null ? [] : stateStatements(system, before, device);
    const type = ports.typeOf(device);
    const reworded = before === null || device.type === before.type ? [] : (type?.points ?? []);
    const { points, statements } =
      changes && !(check && before !== null && reworded.length === 0)
        ? ports.following([{ device, points: known?.points ?? new Map() }], type, reworded)
        : { points: [], statements: [] };
    limitPoints(chunk.points + points.length, chunk.planned.size + 1);
    chunk.points += points.length;
    chunk.releases.push(directory.reserve(project, before === null ? 1 : 0, ports.newOnes(points)));
    takeAliases(before, device, chunk);
    const own =
      before === null
        ? [system.devices.insert(device), ...statements, ...alongside]
        : changes
          ? [system.devices.update(device), ...withState, ...statements]
          : [];
    return { before, device, points, statements: own, difference };
  }

  function deviceAfter(
    project: ProjectId,
    before: Device | null,
    wanted: ProvisionDevice,
    mayMissGroups: boolean,
    knownAs: (id: string) => Device | undefined,
  ): Device {
    const now = clock();
    const id = before?.id ?? (wanted.id as DeviceId);
    const device: Device = {
      id,
      project,
      name: wanted.name ?? before?.name ?? id,
      kind: wanted.kind ?? before?.kind ?? 'device',
      type: wanted.type === undefined ? (before?.type ?? null) : ports.checkedType(project, wanted.type),
      parent: wanted.parent === undefined ? (before?.parent ?? null) : ports.checkedParent(project, id, wanted.parent, knownAs),
      state: wanted.state ?? before?.state ?? 'active',
      labels: ports.merged(before?.labels ?? {}, wanted.labels),
      aliases: ports.merged((before?.aliases ?? {}) as Record<string, string>, definedOnly(wanted.aliases)),
      groups: wanted.groups === undefined ? (before?.groups ?? []) : ports.checkedGroups(project, wanted.groups, mayMissGroups),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    if (Object.keys(device.labels).length > LABELS_MAX) throw new MusterError('invalid', `a device has ${LABELS_MAX} labels at most`);
    return device;
  }

  /** What devices are behind stays a gateway. */
  function checkKind(before: Device | null, { id, kind }: Device, chunk: Chunk): void {
    if (before === null || before.kind === kind || kind === 'gateway') return;
    const children = directory.children(id).size + [...chunk.planned.values()].filter(({ device }) => device.parent === id).length;
    if (children > 0) throw new MusterError('in_use', `${id} is the gateway of ${children} devices`, { hint: 'Give them another parent first.' });
  }

  function checkAliases({ id, project, aliases }: Device, chunk: Chunk): void {
    for (const [kind, value] of Object.entries(aliases)) {
      const inChunk = chunk.aliases.get(`${kind} ${value}`);
      const owner = inChunk === undefined ? directory.byAlias(project, kind as AliasKind, value)?.device.id : inChunk;
      if (owner && owner !== id) throw new MusterError('conflict', `the alias ${kind} ${value} belongs to ${owner}`);
    }
  }

  function takeAliases(before: Device | null, { id, aliases }: Device, chunk: Chunk): void {
    for (const [kind, value] of Object.entries(before?.aliases ?? {})) chunk.aliases.set(`${kind} ${value}`, null);
    for (const [kind, value] of Object.entries(aliases)) chunk.aliases.set(`${kind} ${value}`, id);
  }

  async function write(rows: readonly Planned[]): Promise<void> {
    const statements = rows.flatMap((row) => row.statements);
    if (statements.length === 0) return;
    // Each row was checked, and nothing else changes the fleet meanwhile: what still stands against it stands against the whole chunk.
    await commitOrExplain(system.log, statements, {
      unique: (constraint) => new MusterError('conflict', `an id of the chunk is taken already${constraint === null ? '' : ` (${constraint})`}`),
      reference: () => new MusterError('conflict', 'a type or parent was removed in the meantime'),
      stale: () => new MusterError('conflict', 'a device went in the meantime'),
    });
    for (const row of rows) if (row.statements.length > 0) directory.putDevice(row.device);
    for (const { points } of rows) for (const point of points) directory.putPoint(point);
    for (const { before, device, statements } of rows) {
      if (before === null || statements.length === 0) continue;
      ports.onDeviceChanged?.(device.id);
      if (isInService(before.state) && !isInService(device.state)) ports.onDeviceClosed(device.id);
    }
  }

  /** As for a single one: from the mark on nothing of them is taken, and what came before has its answer. */
  async function remove(entries: readonly DeviceEntry[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) entry.closing = true;
    try {
      await Promise.all(entries.map((entry) => ports.settled(entry)));
      const statements = entries.flatMap(({ device }) => system.devices.remove(device.id));
      await commitOrExplain(system.log, statements, {
        stale: () => new MusterError('conflict', 'a device went in the meantime'),
        reference: () => new MusterError('in_use', 'something still depends on a device of the chunk'),
      });
    } catch (error: unknown) {
      for (const entry of entries) entry.closing = false;
      throw error;
    }
    const series = entries.flatMap(({ points }) => [...points.values()].map(({ point }) => point.series));
    for (const { device } of entries) {
      directory.removeDevice(device.id);
      ports.onDeviceChanged?.(device.id);
      ports.onDeviceClosed(device.id);
    }
    if (series.length > 0) ports.onSeriesRemoved(series);
  }

  function find(project: ProjectId, id: string): DeviceEntry {
    const entry = directory.device(id);
    if (entry?.device.project === project) return entry;
    const colon = id.indexOf(':');
    const named = colon > 0 ? directory.byAlias(project, id.slice(0, colon) as AliasKind, id.slice(colon + 1)) : undefined;
    if (!named) throw ports.noDevice(id);
    return named;
  }

  function found(project: ProjectId, id: string, wanted: Map<string, DeviceEntry>): DeviceEntry {
    const entry = find(project, id);
    if (wanted.has(entry.device.id)) throw new MusterError('conflict', `${entry.device.id} stands in the same chunk already`);
    wanted.set(entry.device.id, entry);
    return entry;
  }
}

/** One device alone is always taken: how many points it may have is another limit. */
function limitPoints(points: number, devices: number): void {
  if (devices <= 1 || points <= PROVISION_POINTS_MAX) return;
  throw new MusterError('payload_too_large', `the devices of the chunk have more than ${PROVISION_POINTS_MAX} points`, { hint: 'Send fewer devices at once.' });
}

/** A refusal of one row is its result. */
function attempt<Value>(work: () => Value): Value | MusterError {
  try {
    return work();
  } catch (error: unknown) {
    if (error instanceof MusterError && error.code !== 'payload_too_large') return error;
    throw error;
  }
}

const FIELDS = ['name', 'kind', 'type', 'parent', 'state', 'groups'] as const;

/** By the names that selectors use: `label.site`, `imei`. */
function differenceOf(before: Device, after: Device): DeviceDifference {
  const difference: Record<string, { before: unknown; after: unknown }> = {};
  const compare = (name: string, one: unknown, other: unknown): void => {
    if (!isDeepStrictEqual(one, other)) difference[name] = { before: one, after: other };
  };
  for (const field of FIELDS) compare(field, before[field], after[field]);
  for (const name of new Set([...Object.keys(before.labels), ...Object.keys(after.labels)]))
    compare(`label.${name}`, before.labels[name] ?? null, after.labels[name] ?? null);
  for (const kind of ALIAS_KINDS) compare(kind, before.aliases[kind] ?? null, after.aliases[kind] ?? null);
  return difference;
}

function hasAny(difference: DeviceDifference): boolean {
  for (const _ in difference) return true;
  return false;
}

function definedOnly(aliases: ProvisionDevice['aliases']): Record<string, string | null> {
  return Object.fromEntries(Object.entries(aliases ?? {}).filter((pair): pair is [string, string | null] => pair[1] !== undefined));
}
