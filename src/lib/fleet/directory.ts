import type { AliasKind, Device } from '../domain/device.ts';
import type { DeviceType } from '../domain/device-type.ts';
import { type DeviceGroups, IN_NO_GROUP } from '../domain/group.ts';
import type { DeviceId, DeviceTypeId, GroupPath, ProjectId, SeriesId } from '../domain/ids.ts';
import type { LatestValue, Point } from '../domain/point.ts';
import type { Project } from '../domain/project.ts';
import type { StoredDevice, StoredRows } from '../storage/fleet-reading.ts';
import { type DeviceEntry, OwnEntry, type PackedRows } from './device-entry.ts';
import { DevicePoints } from './device-points.ts';
import { createDeviceRecords } from './device-record.ts';
import { createGroupRegistry } from './groups/group-registry.ts';
import { createNewestValues } from './newest-values.ts';
import type { PointEntry } from './point-entry.ts';
import { createSeriesTable } from './series-table.ts';
import { type DeviceBlock, SortedDevices } from './sorted-devices.ts';
import { TextIndex } from './text-index.ts';

export type { DeviceEntry } from './device-entry.ts';
export type { PointEntry } from './point-entry.ts';

/**
 * The fleet in memory: what ingest and reading look things up in, without waiting. Loaded at start; changed only
 * after the change is on disk (points excepted: they are committed together with their first sample).
 */
export class Directory {
  readonly projects = new Map<ProjectId, Project>();
  /** Before the devices: who is put into it finds its groups. */
  readonly groups = createGroupRegistry<DeviceEntry>();
  readonly #types = new Map<ProjectId, Map<DeviceTypeId, DeviceType>>();
  /** Each at a place that it keeps; null: who stood there is gone. */
  readonly #entries: (OwnEntry | null)[] = [];
  readonly #freePlaces: number[] = [];
  readonly #places = new TextIndex((place) => this.#entries[place]?.id ?? '');
  readonly #children = new Map<DeviceId, Set<DeviceId>>();
  /** By project and kind. */
  readonly #byAlias = new Map<ProjectId, Map<string, TextIndex>>();
  /** Its device, as long as its points were not read. */
  readonly #bySeries = createSeriesTable<PointEntry | OwnEntry>();
  /** Of all points. */
  readonly newest = createNewestValues();
  readonly #pointsOfProject = new Map<ProjectId, number>();
  readonly #sorted = new Map<ProjectId, SortedDevices<OwnEntry>>();
  readonly #recordOf = createDeviceRecords();
  #lastId = '' as DeviceId;
  /** Of all that ever were in it. */
  #highestId = '' as DeviceId;
  /** Room that is promised to changes on their way to the disk. */
  readonly #reserved = new Map<ProjectId, { devices: number; points: number }>();
  /** Grows whenever a known device or point changes: caches of what depends on them are stale then. */
  revision = 0;

  // types
  /** Asked for each message: two look-ups, no text put together. */
  type(project: ProjectId, id: DeviceTypeId): DeviceType | undefined {
    return this.#types.get(project)?.get(id);
  }
  typesOf(project: ProjectId): Iterable<DeviceType> {
    return this.#types.get(project)?.values() ?? [];
  }
  putType(type: DeviceType): void {
    const known = this.#types.get(type.project);
    if (known) known.set(type.id, type);
    else this.#types.set(type.project, new Map([[type.id, type]]));
  }
  removeType(project: ProjectId, id: DeviceTypeId): void {
    this.#types.get(project)?.delete(id);
  }

  // devices
  device(id: string): DeviceEntry | undefined {
    return this.#entryOf(id);
  }
  /** Of all projects, in no order; not to be changed meanwhile. */
  *devices(): Generator<DeviceEntry, void, undefined> {
    for (const entry of this.#entries) if (entry !== null) yield entry;
  }
  /**
   * The devices of a project by id, from the one behind `after` on: the order of every list, so that a page can begin after an id. Devices may come and go while it is
   * walked through, also in many turns of the event loop: each that stays is met once.
   */
  sortedDevices(project: ProjectId, after?: string): Iterable<DeviceEntry> {
    return this.#sorted.get(project)?.after(after) ?? [];
  }
  /** The same in pieces of a thousand at most, each with a number that tells whether it has changed. The list is the living one. */
  deviceBlocks(project: ProjectId): readonly DeviceBlock<DeviceEntry>[] {
    return this.#sorted.get(project)?.blocks ?? [];
  }
  /** Where in `deviceBlocks` the devices behind an id begin. */
  blockAfter(project: ProjectId, id: string): { readonly block: number; readonly place: number } {
    return this.#sorted.get(project)?.placeAfter(id) ?? { block: 0, place: 0 };
  }
  deviceCount(project: ProjectId): number {
    return this.#sorted.get(project)?.size ?? 0;
  }
  byAlias(project: ProjectId, kind: AliasKind, value: string): DeviceEntry | undefined {
    return this.#entryAt(this.#byAlias.get(project)?.get(kind)?.find(value));
  }
  children(id: DeviceId): ReadonlySet<DeviceId> {
    return this.#children.get(id) ?? EMPTY;
  }
  /** Every group that a device is in, those above its own included, the widest first. */
  groupsOf(device: Device): readonly GroupPath[] {
    return this.membershipOf(device).all;
  }
  /** The same, and which of them it is in itself. */
  membershipOf(device: Device): DeviceGroups {
    const known = this.#entryOf(device.id);
    return known?.device === device ? (known.membership ?? IN_NO_GROUP) : this.groups.groupsOf(device);
  }
  putDevice(given: Device): DeviceEntry {
    const device = this.#recordOf(given, given.parent === null ? null : this.#knownId(given.parent));
    // At start they come in their order, and need not be looked for.
    const known = device.id > this.#highestId ? undefined : this.#entryOf(device.id);
    if (known) {
      this.#unlink(known.device, known.place);
      known.device = device;
      this.revision += 1;
      this.#link(device, known.place);
      this.groups.place(known);
      this.#sorted.get(device.project)?.changed(device.id);
      return known;
    }
    const entry = OwnEntry.of(this.#freePlaces.pop() ?? this.#entries.length, device);
    this.#add(entry, device);
    this.groups.place(entry);
    return entry;
  }
  /** A device that is not in it yet, as it came from the disk: most of it is read when somebody first asks for it. */
  putStored(stored: StoredDevice, series: readonly SeriesId[], rows: PackedRows, at: number): void {
    const [id, project, parent, aliases, groups, hasGroupLabel] = stored;
    const entry = OwnEntry.packed(this.#freePlaces.pop() ?? this.#entries.length, id, aliases, rows, at, series.length);
    this.#add(entry, { id, project, aliases, parent });
    // What its labels say about its groups is known only when they are read.
    if (hasGroupLabel === 1 || this.groups.selects(project)) this.groups.place(entry);
    else this.groups.putInto(entry, project, groups);
    for (const one of series) this.#bySeries.set(one, entry);
    if (series.length > 0) this.#countPoints(project, series.length);
  }
  /** For `putStored`. */
  unpacking(rows: StoredRows): PackedRows {
    return {
      device: (at, id, aliases) => {
        const device = rows.device(at, id, aliases);
        return this.#recordOf(device, device.parent === null ? null : this.#knownId(device.parent));
      },
      points: (at, id) => {
        const points = new DevicePoints();
        for (const point of rows.points(at, id)) this.#addPoint(points, ofOneShape(point, id));
        return points;
      },
      seriesOf: (at, path) => rows.seriesOf(at, path),
      mayHaveRetention: (at) => rows.mayHaveRetention(at),
    };
  }
  removeDevice(id: DeviceId): void {
    const entry = this.#entryOf(id);
    if (!entry) return;
    this.#unlink(entry.device, entry.place);
    this.groups.leave(entry);
    for (const { point } of entry.points.values()) this.#bySeries.delete(point.series);
    const { project } = entry.device;
    this.#pointsOfProject.set(project, this.pointCount(project) - entry.pointCount);
    this.#sorted.get(project)?.remove(id);
    this.#places.remove(id);
    this.#entries[entry.place] = null;
    this.#freePlaces.push(entry.place);
    this.revision += 1;
  }

  // room: what is there, and what is promised to those who are on their way
  devicesTaken(project: ProjectId): number {
    return this.deviceCount(project) + (this.#reserved.get(project)?.devices ?? 0);
  }
  pointsTaken(project: ProjectId): number {
    return this.pointCount(project) + (this.#reserved.get(project)?.points ?? 0);
  }
  /** Counts so many as taken until the function that it returns is called: once they are in the directory, or will never be. */
  reserve(project: ProjectId, devices: number, points: number): () => void {
    const reserved = this.#reserved.get(project) ?? { devices: 0, points: 0 };
    this.#reserved.set(project, reserved);
    reserved.devices += devices;
    reserved.points += points;
    return () => {
      reserved.devices -= devices;
      reserved.points -= points;
    };
  }

  // points
  pointCount(project: ProjectId): number {
    return this.#pointsOfProject.get(project) ?? 0;
  }
  pointOfSeries(series: SeriesId): PointEntry | undefined {
    const found = this.#bySeries.get(series);
    if (!(found instanceof OwnEntry)) return found;
    for (const entry of found.points.values()) if (entry.point.series === series) return entry;
    return undefined;
  }
  /** What was stored before the hub started, unless there is something newer by now. false: no point has this series. */
  restoreNewest(series: SeriesId, latest: LatestValue, hubTime: number): boolean {
    if (this.#bySeries.get(series) === undefined) return false;
    this.newest.restore(series, latest, hubTime);
    return true;
  }
  putPoint(given: Point): PointEntry {
    const device = this.#entryOf(given.device);
    if (!device) throw new Error(`point of an unknown device: ${given.device}`);
    const point = ofOneShape(given, device.device.id);
    const known = device.points.get(point.path);
    if (known) {
      // Its series differs when its device's type gave it one while its first report was on the way: that report was refused.
      this.#bySeries.delete(known.point.series);
      this.#bySeries.set(point.series, known);
      known.point = point;
      this.revision += 1;
      this.#sorted.get(device.device.project)?.changed(device.device.id);
      return known;
    }
    this.#sorted.get(device.device.project)?.changed(device.device.id);
    this.#countPoints(device.device.project, 1);
    return this.#addPoint(device.points, point);
  }
  #add(entry: OwnEntry, linked: Linked): void {
    const { id, project } = linked;
    this.#entries[entry.place] = entry;
    this.#places.put(id, entry.place);
    if (id > this.#highestId) this.#highestId = id;
    this.#link(linked, entry.place);
    let sorted = this.#sorted.get(project);
    if (sorted === undefined) {
      sorted = new SortedDevices();
      this.#sorted.set(project, sorted);
    }
    sorted.add(entry);
  }
  #addPoint(points: DevicePoints, point: Point): PointEntry {
    const entry = this.newest.entryOf(point);
    points.add(entry);
    this.#bySeries.set(point.series, entry);
    return entry;
  }
  #countPoints(project: ProjectId, more: number): void {
    this.#pointsOfProject.set(project, this.pointCount(project) + more);
  }
  #entryOf(id: string): OwnEntry | undefined {
    return this.#entryAt(this.#places.find(id));
  }
  #entryAt(place: number | undefined): OwnEntry | undefined {
    return place === undefined || place === -1 ? undefined : (this.#entries[place] ?? undefined);
  }

  /** The text of an id that is in memory already. */
  #knownId(id: DeviceId): DeviceId {
    if (id !== this.#lastId) this.#lastId = this.#entryOf(id)?.id ?? id;
    return this.#lastId;
  }
  #link({ id, project, aliases, parent }: Linked, place: number): void {
    for (const kind in aliases) this.#aliasesOf(project, kind).put(aliases[kind as AliasKind] ?? '', place);
    if (parent === null) return;
    const siblings = this.#children.get(parent);
    if (siblings) siblings.add(id);
    else this.#children.set(parent, new Set([id]));
  }
  #unlink({ id, project, aliases, parent }: Linked, place: number): void {
    for (const kind in aliases) {
      const index = this.#aliasesOf(project, kind);
      const alias = aliases[kind as AliasKind] ?? '';
      // Another one may have it by now.
      if (index.find(alias) === place) index.remove(alias);
    }
    if (parent === null) return;
    const siblings = this.#children.get(parent);
    siblings?.delete(id);
    if (siblings?.size === 0) this.#children.delete(parent);
  }
  #aliasesOf(project: ProjectId, kind: string): TextIndex {
    let kinds = this.#byAlias.get(project);
    if (kinds === undefined) {
      kinds = new Map();
      this.#byAlias.set(project, kinds);
    }
    let values = kinds.get(kind);
    if (values === undefined) {
      values = new TextIndex((place) => this.#entries[place]?.aliases[kind as AliasKind] ?? '');
      kinds.set(kind, values);
    }
    return values;
  }
}

const EMPTY: ReadonlySet<DeviceId> = new Set();

type Linked = Pick<Device, 'id' | 'project' | 'aliases' | 'parent'>;

/**
 * The same fields, made in one place. Points come from the database, from types and from first reports, put together with `...`, which gives
 * V8 many hidden classes for them; ingest reads their fields for each value, and from objects of one class several times as fast.
 * `device`: the text that is there already.
 */
function ofOneShape({ series, path, kind, valueType, unit, decimals, min, max, description, retention, createdAt }: Point, device: DeviceId): Point {
  return { series, device, path, kind, valueType, unit, decimals, min, max, description, retention, createdAt };
}
