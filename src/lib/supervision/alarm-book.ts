import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, ProjectId, RuleId } from '../domain/ids.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { TimerHandle } from './timer-wheel.ts';
import { NO_TIMER } from './tracked.ts';

/** An alarm that is live. */
export class LiveAlarm {
  record: AlarmRecord;
  timer: TimerHandle = NO_TIMER;
  timerAt = Number.POSITIVE_INFINITY;
  constructor(record: AlarmRecord) {
    this.record = record;
  }
}

/** The live alarms of the hub, found by what others ask for. */
export interface AlarmBook {
  byId(id: string): LiveAlarm | undefined;
  of(project: ProjectId, rule: RuleId, subject: AlarmSubject): LiveAlarm | undefined;
  all(): Iterable<LiveAlarm>;
  ofProject(project: ProjectId): Iterable<LiveAlarm>;
  ofRule(project: ProjectId, rule: RuleId): Iterable<LiveAlarm>;
  ofDevice(device: DeviceId): Iterable<LiveAlarm>;
  /** Takes the record as it is now: a new one, a changed one, or one that is closed and goes. */
  put(record: AlarmRecord): LiveAlarm;
  count(project: ProjectId): number;
  readonly size: number;
  readonly active: number;
  readonly unacked: number;
}

const NOBODY: ReadonlySet<LiveAlarm> = new Set();

export function createAlarmBook(): AlarmBook {
  const byId = new Map<string, LiveAlarm>();
  const bySubject = new Map<string, LiveAlarm>();
  const byProject = new Map<string, Set<LiveAlarm>>();
  const byRule = new Map<string, Set<LiveAlarm>>();
  const byDevice = new Map<string, Set<LiveAlarm>>();
  let active = 0;
  let unacked = 0;

  return {
    byId: (id) => byId.get(id),
    of: (project, rule, subject) => bySubject.get(subjectText(project, rule, subject)),
    all: () => byId.values(),
    ofProject: (project) => byProject.get(project) ?? NOBODY,
    ofRule: (project, rule) => byRule.get(`${project} ${rule}`) ?? NOBODY,
    ofDevice: (device) => byDevice.get(device) ?? NOBODY,
    count: (project) => byProject.get(project)?.size ?? 0,
    get size() {
      return byId.size;
    },
    get active() {
      return active;
    },
    get unacked() {
      return unacked;
    },
    put(record) {
      const known = byId.get(record.id);
      if (known !== undefined) {
        tally(known.record, -1);
        known.record = record;
        if (record.closedAt === null) tally(record, 1);
        else forget(known);
        return known;
      }
      const alarm = new LiveAlarm(record);
      if (record.closedAt !== null) return alarm;
      tally(record, 1);
      byId.set(record.id, alarm);
      bySubject.set(subjectText(record.project, record.rule, record.subject), alarm);
      join(byProject, record.project, alarm);
      join(byRule, `${record.project} ${record.rule}`, alarm);
      if (record.subject.device !== null) join(byDevice, record.subject.device, alarm);
      return alarm;
    },
  };

  function tally(record: AlarmRecord, by: number): void {
    if (record.active) active += by;
    if (!record.acked) unacked += by;
  }

  function forget(alarm: LiveAlarm): void {
    const { record } = alarm;
    byId.delete(record.id);
    bySubject.delete(subjectText(record.project, record.rule, record.subject));
    leave(byProject, record.project, alarm);
    leave(byRule, `${record.project} ${record.rule}`, alarm);
    if (record.subject.device !== null) leave(byDevice, record.subject.device, alarm);
  }
}

function subjectText(project: ProjectId, rule: RuleId, subject: AlarmSubject): string {
  return `${project} ${rule} ${subjectKey(subject)}`;
}

function join(index: Map<string, Set<LiveAlarm>>, key: string, alarm: LiveAlarm): void {
  const members = index.get(key);
  if (members === undefined) index.set(key, new Set([alarm]));
  else members.add(alarm);
}

function leave(index: Map<string, Set<LiveAlarm>>, key: string, alarm: LiveAlarm): void {
  const members = index.get(key);
  members?.delete(alarm);
  if (members?.size === 0) index.delete(key);
}
