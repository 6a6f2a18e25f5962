import { groupPath } from '../domain/group.ts';
import type { DeviceId, GroupPath, ProjectId } from '../domain/ids.ts';
import type { PointKind } from '../domain/point.ts';
import { selectorMatcher } from '../domain/selector.ts';
import type { DeviceEntry, Directory, PointEntry } from '../fleet/directory.ts';
import { halvesOf, type PointFilter } from '../stream/filter.ts';
import { narrowedToGroups, selectorOf } from './read-selector.ts';

/** A query parameter that may repeat. */
export function listOf<Item extends string>(value: Item | readonly Item[] | undefined): readonly Item[] | undefined {
  return value === undefined ? undefined : typeof value === 'string' ? [value] : (value as readonly Item[]);
}

export interface SelectedPoint {
  readonly device: DeviceEntry;
  readonly entry: PointEntry;
}

/** A filter with the groups that narrow it, so that only their devices are looked at. */
export interface SelectedFilter extends PointFilter {
  readonly groups?: readonly GroupPath[] | undefined;
}

/** What `device`, `point`, `label`, `kind`, `group` and `selector` of a query select. `resolveDevice` turns ids and aliases into devices, or throws. */
export function filterOf(
  project: ProjectId,
  query: {
    readonly device?: string | string[] | undefined;
    readonly point?: string | string[] | undefined;
    readonly label?: string | string[] | undefined;
    readonly kind?: PointKind | PointKind[] | undefined;
    readonly group?: string | string[] | undefined;
    readonly selector?: string | undefined;
  },
  resolveDevice: (id: string) => DeviceEntry,
  directory: Pick<Directory, 'groupsOf'>,
): SelectedFilter {
  const groups = listOf(query.group)?.map(groupPath);
  const selector = narrowedToGroups(query.selector === undefined ? null : selectorOf(query.selector), groups);
  return {
    groups,
    selected: selector === null ? undefined : selectorMatcher(selector, (device) => directory.groupsOf(device)),
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
  filter: SelectedFilter,
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
function* devicesOf(directory: Directory, { project, devices, groups }: SelectedFilter, from?: string): Generator<DeviceEntry> {
  const meant = devices ?? groups?.flatMap((group) => Array.from(directory.groups.devices(project, group), ({ id }) => id));
  if (meant === undefined) {
    const first = from === undefined ? undefined : directory.device(from);
    if (first?.device.project === project) yield first;
    yield* directory.sortedDevices(project, from);
    return;
  }
  for (const id of [...new Set<DeviceId>(meant)].sort()) {
    const entry = from === undefined || id >= from ? directory.device(id) : undefined;
    if (entry !== undefined) yield entry;
  }
}
