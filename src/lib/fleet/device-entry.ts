import type { Device } from '../domain/device.ts';
import type { DeviceId, SeriesId } from '../domain/ids.ts';
import { DevicePoints } from './device-points.ts';
import type { Membership, Placed } from './groups/group-registry.ts';
import type { PointEntry } from './point-entry.ts';
import type { Traffic } from './traffic.ts';

/** A device in memory. */
export interface DeviceEntry extends Placed<DeviceEntry> {
  readonly id: DeviceId;
  device: Device;
  readonly points: ReadonlyMap<string, PointEntry>;
  /** How many there are, without reading them. */
  readonly pointCount: number;
  /** Of the point with this path, without reading it; undefined: there is none. */
  seriesOf(path: string): SeriesId | undefined;
  /** false: none of its points has a retention of its own; true: one may have, without reading them. */
  mayHaveRetention(): boolean;
  accepted: number;
  rejected: number;
  refused: number;
  /** null until its first message: most devices of a large fleet are silent at any time. */
  traffic: Traffic | null;
  /** Messages of it that are on their way to the disk. */
  underWay: number;
  /** It is being deleted: nothing of it is taken any more. */
  closing: boolean;
  /** Kept by `groups`. */
  membership: Membership<DeviceEntry> | null;
}

/** Makes devices and points of what came from the disk. Many entries have one in common. */
export interface PackedRows {
  device(at: number, id: DeviceId, aliases: Device['aliases']): Device;
  points(at: number, device: DeviceId): DevicePoints;
  seriesOf(at: number, path: string): SeriesId | undefined;
  mayHaveRetention(at: number): boolean;
}

/** A device and its points, which may still be as they came from the disk: they are read when somebody first asks for them. */
export class OwnEntry implements DeviceEntry {
  readonly id: DeviceId;
  /** Where it stands in the list of all. */
  readonly place: number;
  accepted = 0;
  rejected = 0;
  refused = 0;
  traffic: Traffic | null = null;
  underWay = 0;
  closing = false;
  membership: Membership<DeviceEntry> | null = null;
  #aliases: Device['aliases'];
  #device: Device | null = null;
  #points: DevicePoints | null = null;
  /** null: both are read. */
  #rows: PackedRows | null = null;
  #at = 0;
  #packedPoints = 0;

  constructor(place: number, id: DeviceId, aliases: Device['aliases']) {
    this.place = place;
    this.id = id;
    this.#aliases = aliases;
  }

  static of(place: number, device: Device): OwnEntry {
    const entry = new OwnEntry(place, device.id, device.aliases);
    entry.#device = device;
    return entry;
  }
  static packed(place: number, id: DeviceId, aliases: Device['aliases'], rows: PackedRows, at: number, points: number): OwnEntry {
    const entry = new OwnEntry(place, id, aliases);
    entry.#rows = rows;
    entry.#at = at;
    entry.#packedPoints = points;
    return entry;
  }

  get aliases(): Device['aliases'] {
    return this.#aliases;
  }
  get device(): Device {
    return this.#device ?? this.#readDevice();
  }
  set device(device: Device) {
    this.#device = device;
    this.#aliases = device.aliases;
    if (this.#packedPoints === 0) this.#rows = null;
  }
  get points(): DevicePoints {
    return this.#points ?? this.#readPoints();
  }
  get pointCount(): number {
    return this.#points?.size ?? this.#packedPoints;
  }

  seriesOf(path: string): SeriesId | undefined {
    if (this.#points !== null) return this.#points.get(path)?.point.series;
    return this.#packedPoints === 0 ? undefined : this.#rows?.seriesOf(this.#at, path);
  }

  mayHaveRetention(): boolean {
    if (this.#points !== null) return this.#points.size > 0;
    return this.#packedPoints > 0 && this.#rows?.mayHaveRetention(this.#at) === true;
  }

  #readDevice(): Device {
    if (this.#rows === null) throw new Error(`device ${this.id} is not in memory`);
    const device = this.#rows.device(this.#at, this.id, this.#aliases);
    this.device = device;
    return device;
  }
  #readPoints(): DevicePoints {
    const points = this.#packedPoints === 0 ? null : this.#rows?.points(this.#at, this.id);
    this.#points = points ?? new DevicePoints();
    this.#packedPoints = 0;
    if (this.#device !== null) this.#rows = null;
    return this.#points;
  }
}
