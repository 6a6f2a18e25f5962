import type { Rule } from '../alarms/rule.ts';
import { groupsWatched, matchesDevice, matchesPoint } from '../alarms/scope.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { ProjectId } from '../domain/ids.ts';
import { globMatcher, pathMatcher } from '../domain/matching.ts';
import { devicesInTurns } from '../fleet/devices-in-turns.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { WatchPlan } from './messages.ts';

/** Only these of what a rule watches; null: all. Devices are not chosen for a rule over groups, nor points for one over devices or groups. */
export interface SubjectFilter {
  readonly devices: readonly string[] | null;
  readonly points: readonly string[] | null;
}

/** What the rule watches of the fleet as it is now: who was elsewhere in the past is judged by where it is today. */
export async function planWatches(directory: Directory, project: ProjectId, rule: Rule, filter: SubjectFilter): Promise<WatchPlan> {
  const plan = createPlan();
  const ofDevice = filter.devices === null ? () => true : anyOf(filter.devices);
  const ofPoint = filter.points === null ? () => true : pathMatcher(filter.points);
  const groups = new Map<string, number>();
  for await (const entry of devicesInTurns(directory, project)) {
    // A group is what all of its devices make of it.
    const chosen = rule.condition.subject === 'group' || ofDevice(entry.device.id);
    const memberships = directory.membershipOf(entry.device);
    if (!chosen || !matchesDevice(rule.scope, entry.device, memberships)) continue;
    switch (rule.condition.subject) {
      case 'point':
        for (const path of [...entry.points.keys()].sort()) {
          const point = entry.points.get(path)?.point;
          if (point === undefined || !matchesPoint(rule.scope, path) || !ofPoint(path)) continue;
          plan.tells(point.series, plan.subject({ device: entry.device.id, point: point.path, group: null }, entry.device.createdAt), 0, 0);
        }
        break;
      case 'device':
        addDevice(plan, entry, plan.subject({ device: entry.device.id, point: null, group: null }, entry.device.createdAt), 0, rule.condition.points);
        break;
      case 'group':
        for (const group of groupsWatched(rule.scope, memberships)) {
          const subject = groups.get(group) ?? plan.subject({ device: null, point: null, group }, entry.device.createdAt);
          groups.set(group, subject);
          addDevice(plan, entry, subject, plan.member(subject, entry.device.id), rule.condition.points);
        }
    }
  }
  return plan.done();
}

function addDevice(plan: ReturnType<typeof createPlan>, { points }: DeviceEntry, subject: number, member: number, slots: readonly string[]): void {
  slots.forEach((path, slot) => {
    if (path === '*') for (const { point } of points.values()) plan.tells(point.series, subject, slot, member);
    else {
      const entry = points.get(path);
      if (entry !== undefined) plan.tells(entry.point.series, subject, slot, member);
    }
  });
}

function createPlan() {
  const subjects: AlarmSubject[] = [];
  const createdAt: number[] = [];
  const members: string[][] = [];
  const entries: { readonly series: number; readonly subject: number; readonly slot: number; readonly member: number }[] = [];
  return {
    subject(subject: AlarmSubject, created: number): number {
      createdAt.push(created);
      members.push([]);
      return subjects.push(subject) - 1;
    },
    member(subject: number, device: string): number {
      return (members[subject]?.push(device) ?? 1) - 1;
    },
    tells(series: number, subject: number, slot: number, member: number): void {
      entries.push({ series, subject, slot, member });
    },
    done(): WatchPlan {
      entries.sort((a, b) => a.series - b.series || a.subject - b.subject || a.slot - b.slot);
      return {
        subjects,
        createdAt: Float64Array.from(createdAt),
        members,
        series: Float64Array.from(entries, ({ series }) => series),
        subject: Uint32Array.from(entries, ({ subject }) => subject),
        slot: Uint16Array.from(entries, ({ slot }) => slot),
        member: Uint32Array.from(entries, ({ member }) => member),
      };
    },
  };
}

function anyOf(patterns: readonly string[]): (text: string) => boolean {
  const matchers = patterns.map(globMatcher);
  return (text) => matchers.some((matches) => matches(text));
}
