import type { Rule } from '../alarms/rule.ts';
import { groupsWatched, matchesDevice, matchesPoint } from '../alarms/scope.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, PointPath, ProjectId } from '../domain/ids.ts';
import { subjectKey, subjectOf } from '../domain/subject-key.ts';
import { devicesInTurns } from '../fleet/devices-in-turns.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';

/**
 * What a rule watches now, as subjectKey writes it, by device and then by point: a page of those behind `after`, and the count of all. Walks the whole project:
 * for people who ask, not for samples. Others have their turn meanwhile.
 */
export async function subjectsOf(
  directory: Directory,
  project: ProjectId,
  rule: Rule,
  limit: number,
  after: string | null,
): Promise<{ readonly items: readonly string[]; readonly count: number }> {
  const items: string[] = [];
  const behind = after === null ? null : subjectOf(after);
  let count = 0;
  for await (const subject of watched(directory, project, rule)) {
    count += 1;
    if (items.length < limit && (behind === null || compare(subject, behind) > 0)) items.push(subjectKey(subject));
  }
  return { items, count };
}

async function* watched(directory: Directory, project: ProjectId, rule: Rule): AsyncGenerator<AlarmSubject, void, undefined> {
  if (rule.condition.subject === 'group') {
    const groups = new Set<string>();
    for await (const { device } of devicesInTurns(directory, project)) {
      const memberships = directory.membershipOf(device);
      if (matchesDevice(rule.scope, device, memberships)) for (const group of groupsWatched(rule.scope, memberships)) groups.add(group);
    }
    for (const group of [...groups].sort()) yield { device: null, point: null, group };
    return;
  }
  for await (const entry of devicesInTurns(directory, project)) {
    if (!matchesDevice(rule.scope, entry.device, directory.membershipOf(entry.device))) continue;
    if (rule.condition.subject === 'device') yield onDevice(entry.device.id);
    else for (const path of pointsWatched(rule, entry)) yield { ...onDevice(entry.device.id), point: path };
  }
}

/** Of a device in the scope of a rule on points, sorted. */
export function pointsWatched({ scope }: Rule, { points }: Pick<DeviceEntry, 'points'>): readonly PointPath[] {
  return ([...points.keys()] as PointPath[]).filter((path) => matchesPoint(scope, path)).sort();
}

export function onDevice(device: DeviceId): AlarmSubject {
  return { device, point: null, group: null };
}

function compare(one: AlarmSubject, other: AlarmSubject): number {
  return order(one.group, other.group) || order(one.device, other.device) || order(one.point, other.point);
}

function order(one: string | null, other: string | null): number {
  const [left, right] = [one ?? '', other ?? ''];
  return left < right ? -1 : left > right ? 1 : 0;
}
