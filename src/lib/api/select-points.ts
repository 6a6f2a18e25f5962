import { groupPath } from '../domain/group.ts';
import type { DeviceId, GroupPath, ProjectId } from '../domain/ids.ts';
import type { PointKind } from '../domain/point.ts';
import { selectorMatcher } from '../domain/selector.ts';
import type { DeviceEntry, Directory, PointEntry } from '../fleet/directory.ts';
import { createTurns } from '../fleet/turns.ts';
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

/** Devices between two looks at the clock. */
const LOOK_EVERY = 32;

/** The points that a filter selects, by device, then path; `after` skips up to and including a position. Others have their turn meanwhile. */
async function* selectPoints(
  directory: Directory,
  filter: SelectedFilter,
  after?: { readonly device: string; readonly point: string },
): AsyncGenerator<SelectedPoint, void, undefined> {
  const { ofDevice, ofPoint } = halvesOf(filter);
  const turns = createTurns();
  let looked = 0;
  for (const device of devicesOf(directory, filter, after?.device)) {
    if (++looked % LOOK_EVERY === 0 && turns.isOver()) {
      await turns.next();
      // It may have gone meanwhile.
      if (directory.device(device.id) !== device) continue;
    }
    if (device.pointCount === 0 || !ofDevice(device.device)) continue;
    for (const path of [...device.points.keys()].sort()) {
      if (after && device.device.id === after.device && path <= after.point) continue;
      const entry = device.points.get(path);
      if (entry && ofPoint(entry.point)) yield { device, entry };
    }
  }
}

/** The first of them; all without a limit. */
export async function selectedPoints(
  directory: Directory,
  filter: SelectedFilter,
  {
    after,
    limit = Number.POSITIVE_INFINITY,
  }: { readonly after?: { readonly device: string; readonly point: string } | undefined; readonly limit?: number } = {},
): Promise<readonly SelectedPoint[]> {
  const selected: SelectedPoint[] = [];
  if (limit <= 0) return selected;
  for await (const one of selectPoints(directory, filter, after)) if (selected.push(one) >= limit) break;
  return selected;
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
