import { type Group, parentPath, pathsTo } from '../../domain/group.ts';
import { GROUP_RULE, type GroupPath, isGroupPath, type ProjectId } from '../../domain/ids.ts';
import { parseSelector } from '../../domain/selector.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { GroupChange, NewGroup } from './groups.ts';

const LABELS_MAX = 64;
const ATTRIBUTES_MAX = 16_384;

/** Throws `invalid` for what is no path. */
export function checkedPath(path: string): GroupPath {
  if (!isGroupPath(path)) throw new MusterError('invalid', `${JSON.stringify(path.slice(0, 100))} is no group: ${GROUP_RULE}`, { details: { field: 'path' } });
  return path as GroupPath;
}

/** Each path and all above it that `exists` does not know, those above first. */
export function missingPaths(paths: readonly string[], exists: (path: string) => boolean): readonly GroupPath[] {
  const missing = new Set<GroupPath>();
  for (const path of paths) for (const each of pathsTo(checkedPath(path))) if (!exists(each)) missing.add(each);
  return [...missing];
}

export function newGroup(project: ProjectId, given: NewGroup, now: number): Group {
  const path = checkedPath(given.path);
  return checked({
    project,
    path,
    name: given.name ?? lastLevel(path),
    level: given.level ?? null,
    description: given.description ?? null,
    labels: given.labels ?? {},
    selector: given.selector ?? null,
    attributes: given.attributes ?? {},
    createdAt: now,
    updatedAt: now,
  });
}

export function changedGroup(before: Group, change: GroupChange, now: number): Group {
  const labels: Record<string, string> = { ...before.labels };
  for (const [name, value] of Object.entries(change.labels ?? {})) {
    if (value === null) delete labels[name];
    else labels[name] = value;
  }
  return checked({
    ...before,
    name: change.name ?? before.name,
    level: change.level === undefined ? before.level : change.level,
    description: change.description === undefined ? before.description : change.description,
    labels,
    selector: change.selector === undefined ? before.selector : change.selector,
    attributes: change.attributes ?? before.attributes,
    updatedAt: now,
  });
}

export function lastLevel(path: GroupPath): string {
  const above = parentPath(path);
  return above === null ? path : path.slice(above.length + 1);
}

function checked(group: Group): Group {
  if (Object.keys(group.labels).length > LABELS_MAX) throw new MusterError('invalid', `a group has ${LABELS_MAX} labels at most`);
  if (JSON.stringify(group.attributes).length > ATTRIBUTES_MAX)
    throw new MusterError('invalid', `the attributes of a group are ${ATTRIBUTES_MAX} characters of JSON at most`, { details: { field: 'attributes' } });
  if (group.selector === null) return group;
  const parsed = parseSelector(group.selector);
  const reason = !parsed.ok
    ? parsed.reason
    : parsed.selector.terms.length === 0
      ? 'a selector without a condition would be every device: write `id` for that'
      : null;
  if (reason !== null) throw new MusterError('invalid', `the selector of ${group.path} is wrong: ${reason}`, { details: { field: 'selector' } });
  return group;
}
