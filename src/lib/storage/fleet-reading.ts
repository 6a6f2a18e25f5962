import type { Device, DeviceStatus } from '../domain/device.ts';
import type { DeviceId, SeriesId } from '../domain/ids.ts';
import type { Point } from '../domain/point.ts';

/** The fleet as it is on disk, piece by piece, by device. To be read to its end or closed; what reads points and statuses goes on to work after that. */
export interface FleetReading {
  readonly pieces: AsyncIterable<FleetPiece>;
  close(): Promise<void>;
}

/** Some devices whose ids are neighbours, and what belongs to them. */
export interface FleetPiece {
  readonly devices: readonly Device[];
  /** By device. Devices without points are missing. */
  readonly points: readonly StoredPoints[];
  /** As `points`. */
  readonly pointTexts: readonly string[];
  /** Makes points of one of the texts, by path. */
  readonly pointsOf: (text: string, device: DeviceId) => readonly Point[];
  readonly statuses: () => readonly (DeviceStatus & { readonly device: DeviceId })[];
  /** The id of the last device; null: of this one on, there are no others. */
  readonly last: DeviceId | null;
}

/** Whose points, and their series. */
export type StoredPoints = readonly [device: DeviceId, ...series: SeriesId[]];
