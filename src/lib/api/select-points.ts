import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { PointKind } from '../domain/point.ts';
import type { DeviceEntry, Directory, PointEntry } from '../fleet/directory.ts';
import { halvesOf, type PointFilter } from '../stream/filter.ts';

/** A query parameter that may repeat. */
export function listOf<Item extends string>(value: Item | readonly Item[] | undefined): readonly Item[] | undefined {
  return value === undefined ? undefined : typeof value === 'string' ? [value] : (value as readonly Item[]);
}

export interface SelectedPoint {
  readonly device: DeviceEntry;
  readonly entry: PointEntry;
}

/** What `device`, `point`, `label` and `kind` of a query select. `resolveDevice` turns ids and aliases into devices, or throws. */
export function filterOf(
  project: ProjectId,
  query: {
    readonly device?: string | string[] | undefined;
    readonly point?: string | string[] | undefined;
    readonly label?: string | string[] | undefined;
    readonly kind?: PointKind | PointKind[] | undefined;
  },
  resolveDevice: (id: string) => DeviceEntry,
): PointFilter {
  return {
    project,
    devices: listOf(query.device)?.map((id) => resolveDevice(id).device.id),
    points: listOf(query.point),
    labels: listOf(query.label),
    kinds: listOf(query.kind),
  };
}

/** The points that a filter selects, by device, then path; `after` skips up to and including a position. */
export function* selectPoints(
  directory: Directory,
  filter: PointFilter,
  after?: { readonly device: string; readonly point: string },
): Generator<SelectedPoint> {
  const { ofDevice, ofPoint } = halvesOf(filter);
  for (const device of devicesOf(directory, filter, after?.device)) {
    if (!ofDevice(device.device)) continue;
    for (const path of [...device.points.keys()].sort()) {
      if (after && device.device.id === after.device && path <= after.point) continue;
      const entry = device.points.get(path);
      if (entry && ofPoint(entry.point)) yield { device, entry };
    }
  }
}

/** From the device `from` on, itself included. */
function* devicesOf(directory: Directory, { project, devices }: PointFilter, from?: string): Generator<DeviceEntry> {
  if (devices === undefined) {
    const first = from === undefined ? undefined : directory.device(from);
    if (first?.device.project === project) yield first;
    yield* directory.sortedDevices(project, from);
    return;
  }
  for (const id of [...new Set<DeviceId>(devices)].sort()) {
    const entry = from === undefined || id >= from ? directory.device(id) : undefined;
    if (entry !== undefined) yield entry;
  }
}
