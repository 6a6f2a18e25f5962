import type { Device, DeviceStatus } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { Point } from '../domain/point.ts';

/** The fleet as it is on disk, piece by piece: all three by device, points by path besides. To be read one piece at a time, and to be closed. */
export interface FleetReading {
  readonly devices: AsyncIterable<readonly Device[]>;
  readonly statuses: AsyncIterable<readonly (DeviceStatus & { readonly device: DeviceId })[]>;
  readonly points: AsyncIterable<readonly Point[]>;
  close(): Promise<void>;
}
