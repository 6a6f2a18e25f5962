import { scopeRefusal } from '../alarms/describe-rule.ts';
import type { Rule } from '../alarms/rule.ts';
import { explainScope, groupsWatched, type ScopePart } from '../alarms/scope.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { DeviceGroups } from '../domain/group.ts';
import type { PointPath } from '../domain/ids.ts';
import { pathMatcher } from '../domain/matching.ts';
import type { RuleRecord } from '../domain/rule-record.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { EvaluationView, Supervision } from './supervision.ts';
import { onDevice, pointsWatched } from './watched-subjects.ts';

/** How a rule stands on one thing of the device that was asked about. */
export interface Standing {
  readonly subject: AlarmSubject;
  /** null: nothing is held of it: it is normal. */
  readonly view: EvaluationView | null;
  readonly alarm: AlarmRecord | null;
}

export interface ExplainedRule {
  readonly record: RuleRecord;
  /** null: it cannot be read. */
  readonly rule: Rule | null;
  readonly holds: boolean;
  /** In one sentence. */
  readonly why: string;
  readonly scope: readonly ScopePart[];
  readonly standing: readonly Standing[];
}

/** What each rule of the project has to do with a device, or with one point of it. At most `standingsMax` standings in all. */
export function explainDevice(
  { rules, alarms, inspect }: Pick<Supervision, 'rules' | 'alarms' | 'inspect'>,
  entry: DeviceEntry,
  groups: DeviceGroups,
  asked: { readonly point: string | null; readonly rule: string | null },
  standingsMax: number,
): { readonly rules: readonly ExplainedRule[]; readonly complete: boolean } {
  const { device } = entry;
  const { project } = device;
  const live = new Map<string, AlarmRecord>();
  for (const alarm of alarms.live(project)) live.set(`${alarm.rule} ${subjectKey(alarm.subject)}`, alarm);
  const records = asked.rule === null ? rules.list(project) : [rules.get(project, asked.rule)];
  let complete = true;
  let room = standingsMax;

  const explained = records.map((record): ExplainedRule => {
    const rule = rules.compiled(project, record.id);
    if (rule === null) return { record, rule, holds: false, why: 'it cannot be read, and is not in force', scope: [], standing: [] };
    const scope = explainScope(rule.scope, device, groups, rule.condition.subject === 'point' ? asked.point : null);
    const subjects = subjectsOn(rule, entry, groups, asked.point);
    const why = whyNot(record, rule, scope, subjects.length, { entry, groups }, asked.point);
    if (why !== null) return { record, rule, holds: false, why, scope, standing: [] };
    const taken = subjects.slice(0, room);
    if (taken.length < subjects.length) complete = false;
    room -= taken.length;
    const standing = taken.map((subject) => ({
      subject,
      view: inspect(project, record.id, subject),
      alarm: live.get(`${record.id} ${subjectKey(subject)}`) ?? null,
    }));
    return { record, rule, holds: true, why: whyHolds(rule, subjects.length, asked.point), scope, standing };
  });
  return { rules: explained, complete };
}

/** What the rule would watch of the device, if its scope holds. */
function subjectsOn(rule: Rule, entry: DeviceEntry, groups: DeviceGroups, point: string | null): readonly AlarmSubject[] {
  const { device } = entry;
  switch (rule.condition.subject) {
    case 'group':
      return readsPoint(rule, point) ? groupsWatched(rule.scope, groups).map((group) => ({ device: null, point: null, group })) : [];
    case 'device':
      return readsPoint(rule, point) ? [onDevice(device.id)] : [];
    case 'point': {
      const watched = pointsWatched(rule, entry);
      return watched.filter((path) => point === null || path === point).map((path: PointPath) => ({ ...onDevice(device.id), point: path }));
    }
  }
}

function readsPoint({ condition }: Rule, point: string | null): boolean {
  return point === null || pathMatcher(condition.points)(point);
}

/** null: it watches something of it. */
function whyNot(
  record: RuleRecord,
  rule: Rule,
  scope: readonly ScopePart[],
  subjects: number,
  of: { readonly entry: DeviceEntry; readonly groups: DeviceGroups },
  point: string | null,
): string | null {
  const refusal = scopeRefusal(scope);
  if (refusal !== '') return refusal;
  if (!record.enabled) return 'it would, but it is disabled';
  if (subjects > 0) return null;
  const { subject, points } = rule.condition;
  if (subject === 'group' && groupsWatched(rule.scope, of.groups).length === 0) return 'the device is in no group';
  if (subject !== 'point') return `it reads ${points.join(', ')}, not ${point}`;
  if (point !== null) return `the device has no point ${point}`;
  return rule.scope.points.length === 0 ? 'the device has no points' : `the device has no point ${rule.scope.points.join(' or ')}`;
}

function whyHolds(rule: Rule, subjects: number, point: string | null): string {
  const where = rule.runsAt === 'edge' ? 'its gateway evaluates it' : 'the hub evaluates it';
  switch (rule.condition.subject) {
    case 'group':
      return `it watches the group${subjects === 1 ? '' : 's'} of the device; ${where}`;
    case 'device':
      return `it watches the device${rule.condition.points.length === 0 ? '' : ` (${rule.condition.points.join(', ')})`}; ${where}`;
    case 'point':
      return `it watches ${point === null ? `${subjects} of its points` : 'this point'}; ${where}`;
  }
}
