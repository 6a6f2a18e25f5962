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
