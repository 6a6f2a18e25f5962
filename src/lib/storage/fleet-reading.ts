import type { Device, DeviceStatus } from '../domain/device.ts';
import type { DeviceId, ProjectId, SeriesId } from '../domain/ids.ts';
import type { Point } from '../domain/point.ts';

/** The fleet as it is on disk, piece by piece, by device. To be read to its end or closed; what reads rows and statuses goes on to work after that. */
export interface FleetReading {
  readonly pieces: AsyncIterable<FleetPiece>;
  close(): Promise<void>;
}

/** Some devices whose ids are neighbours, and what belongs to them. */
export interface FleetPiece {
  readonly devices: readonly StoredDevice[];
  /** Of the points of each. */
  readonly series: readonly (readonly SeriesId[])[];
  readonly rows: StoredRows;
  /** Each is given once; null: it has none, or it was given. */
  readonly statuses: { take(device: DeviceId): DeviceStatus | null };
  /** The id of the last device; null: of this one on, there are no others. */
  readonly last: DeviceId | null;
}

/** What finds a device and tells where it belongs. `hasGroupLabel`: 1 when it may have the label `group`. */
export type StoredDevice = readonly [
  id: DeviceId,
  project: ProjectId,
  parent: DeviceId | null,
  aliases: Device['aliases'],
  groups: Device['groups'],
  hasGroupLabel: number,
];

/** The rest of them, read when it is asked for. `at`: its place in `devices`. */
export interface StoredRows {
  device(at: number, id: DeviceId, aliases: Device['aliases']): Device;
  /** By path. */
  points(at: number, device: DeviceId): readonly Point[];
  /** Of the point with this path, without reading the others; undefined: there is none. */
  seriesOf(at: number, path: string): SeriesId | undefined;
  /** false: none of its points has a retention of its own. Told without reading them. */
  mayHaveRetention(at: number): boolean;
}
