import type { GroupPath, ProjectId } from './ids.ts';
import type { JsonValue } from './value.ts';

/**
 * A node of a tree over devices: site, zone, section, spot, customer. Its path is its identity; what is above it is its path without the last level, and
 * always exists too. A device is in a group when it was put into it (Device.groups), when it is in one below it, or when the group's selector fits it.
 */
export interface Group {
  readonly project: ProjectId;
  readonly path: GroupPath;
  /** For people; the last level of the path if none was given. */
  readonly name: string;
  /** What kind of place it is, in the words of its users: `site`, `zone`. */
  readonly level: string | null;
  readonly description: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Devices that fit are in it besides (selector.ts); null: only those that were put into it. */
  readonly selector: string | null;
  /** Any JSON object, for applications. */
  readonly attributes: { readonly [name: string]: JsonValue };
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The path itself and all above it, the widest first: `paris/hall-2` gives `paris`, `paris/hall-2`. */
export function pathsTo(path: string): readonly GroupPath[] {
  const levels = path.split('/');
  return levels.map((_, index) => levels.slice(0, index + 1).join('/') as GroupPath);
}

export function parentPath(path: string): GroupPath | null {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? null : (path.slice(0, slash) as GroupPath);
}

/** Is it this group, or one below it? */
export function isWithin(path: string, group: string): boolean {
  return path === group || (path.length > group.length && path.startsWith(group) && path[group.length] === '/');
}

/** The label that puts a device into the group of its value, as it did before there were groups. */
export const GROUP_LABEL = 'group';

/** A device may be put into so many; one that is in more is rather described by labels, and groups by selectors. */
export const GROUPS_PER_DEVICE_MAX = 64;

/** The groups that one device is in. */
export interface DeviceGroups {
  /** It is in these itself: by its label, because it was put there, because a selector fits. The first is the one that it is named with, where there is room for one. */
  readonly own: readonly GroupPath[];
  /** These, and all above them, the widest first. */
  readonly all: readonly GroupPath[];
}

export const IN_NO_GROUP: DeviceGroups = { own: [], all: [] };

export function deviceGroups(own: readonly GroupPath[]): DeviceGroups {
  if (own.length === 0) return IN_NO_GROUP;
  const all = [...new Set(own.flatMap(pathsTo))];
  return { own, all: all.sort((one, other) => depthOf(one) - depthOf(other)) };
}

/** How many levels are above it. */
export function depthOf(path: string): number {
  let depth = 0;
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) depth += 1;
  return depth;
}

/** As people write it: `/paris//hall-2/` is `paris/hall-2`. Not checked: a label may hold any text. */
export function groupPath(text: string): GroupPath {
  return text
    .split('/')
    .filter((level) => level !== '')
    .join('/') as GroupPath;
}

/** The path behind a move of `from` to `to`: of what is not within `from` the same. */
export function movedPath(path: string, from: string, to: string): GroupPath {
  return (isWithin(path, from) ? `${to}${path.slice(from.length)}` : path) as GroupPath;
}

/** As a tree is read: each group before those below it, those of one level by name. */
export function compareGroupPaths(one: string, other: string): number {
  // No character of a name comes before the slash once it is the lowest of all.
  const [left, right] = [one.replaceAll('/', '\u0000'), other.replaceAll('/', '\u0000')];
  return left < right ? -1 : left > right ? 1 : 0;
}
