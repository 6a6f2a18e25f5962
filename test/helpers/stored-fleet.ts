import type { Device, DeviceStatus } from '../../src/lib/domain/device.ts';
import type { DeviceId } from '../../src/lib/domain/ids.ts';
import type { Point } from '../../src/lib/domain/point.ts';
import type { SystemStore } from '../../src/lib/storage/system/system-store.ts';

/** The whole fleet as it is on disk. */
export async function storedFleet(system: Pick<SystemStore, 'readFleet'>) {
  const devices: Device[] = [];
  const points: Point[] = [];
  const statuses: (DeviceStatus & { readonly device: DeviceId })[] = [];
  const fleet = system.readFleet();
  try {
    for await (const piece of fleet.pieces) {
      for (const [at, [id, , , aliases]] of piece.devices.entries()) {
        devices.push(piece.rows.device(at, id, aliases));
        const status = piece.statuses.take(id);
        if (status !== null) statuses.push({ device: id, ...status });
        if ((piece.series[at] ?? []).length > 0) points.push(...piece.rows.points(at, id));
      }
    }
  } finally {
    await fleet.close();
  }
  return { devices, points, statuses };
}
