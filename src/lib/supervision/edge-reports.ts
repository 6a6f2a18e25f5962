import { compileTemplate, defaultMessage, type MessageBindings } from '../alarms/message.ts';
import type { Rule } from '../alarms/rule.ts';
import { matchesDevice, matchesPoint } from '../alarms/scope.ts';
import type { AlarmInput, AlarmSurroundings } from '../alarms/state/transition.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { Device } from '../domain/device.ts';
import type { DeviceGroups } from '../domain/group.ts';
import type { DeviceId, PointPath, ProjectId, RuleId } from '../domain/ids.ts';
import { type Level, SEVERITIES } from '../domain/severity.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { SampleValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { Alarms, EdgeReport, Rules } from './supervision.ts';

export interface EdgeReportsPorts {
  readonly rules: Pick<Rules, 'list' | 'compiled'>;
  readonly directory: Directory;
  readonly storage: Pick<AlarmStorage, 'alarms' | 'events'>;
  /** Passes an input to the alarm of the subject, at once in memory; resolves when it is on disk. null: nothing changes, and there is no record. */
  readonly applyEdge: (surroundings: Omit<AlarmSurroundings, 'newId' | 'historical' | 'origin'>, input: AlarmInput) => Promise<AlarmRecord | null>;
  readonly liveOf: (project: ProjectId, rule: RuleId, subject: AlarmSubject) => AlarmRecord | null;
  readonly live: Alarms['live'];
  /** Of samples: what is outside is refused. */
  readonly earliestTime: number;
  readonly futureMaxMs: number;
}

/** Of one device, from rules that the hub does not know: such names are made by whoever holds the credentials of a device. */
const UNKNOWN_RULES_PER_DEVICE = 100;
/** Closed alarms of a rule and device that are looked through for the last one of the point. */
const CLOSED_MAX = 1_000;
/** Of one alarm, of which a repeat is known. */
const CHANGES_MAX = 20;
/** Alarms whose last changes are remembered. */
const REMEMBERED_MAX = 50_000;

/**
 * Alarms that gateways raise. There is one record for each rule and subject, whoever raised it:
 * - A rule that runs at the hub is the hub's: what an edge says of it is refused with `conflict`, and changes nothing.
 * - What was said before (the same change at the same time) changes nothing and is answered as the first time: a message that is sent again does no harm.
 * - What is older than the last change is refused with `conflict`: the newer word stands.
 * - What is late is taken as live: it is the last that its gateway has to say.
 */
export function createEdgeReports(ports: EdgeReportsPorts): Alarms['reported'] {
  const { directory, storage, applyEdge, liveOf } = ports;
  /** The reports of one device in their order: each looks at what the one before has left. */
  const turns = new Map<DeviceId, Promise<unknown>>();

  /**
   * When its gateways said that an alarm changed, the last first, by their own clocks. After a start the journal says it: there, a change that comes after something
   * that the hub's own clock knows of (an acknowledgement) stands at that time.
   */
  const said = new Map<string, readonly number[]>();

  return (id, report, receivedAt) => {
    const before = turns.get(id);
    const turn = before === undefined ? take(id, report, receivedAt) : before.then(() => take(id, report, receivedAt));
    const settled = turn.then(nothing, nothing);
    turns.set(id, settled);
    void settled.then(() => turns.get(id) === settled && turns.delete(id));
    return turn;
  };

  async function take(id: DeviceId, report: EdgeReport, receivedAt: number): Promise<AlarmRecord | null> {
    const device = directory.device(id)?.device;
    if (!device) throw new MusterError('not_found', `there is no device ${id.slice(0, 130)}`);
    const time = checkedTime(report, receivedAt);
    const subject: AlarmSubject = { device: id, point: (report.point ?? null) as PointPath | null, group: null };
    const record = ports.rules.list(device.project).find((each) => each.id === report.rule);
    const rule = record === undefined ? null : ports.rules.compiled(device.project, record.id);
    const level = report.level === null || report.level === undefined ? null : levelOf(rule, report.level, report);
    if (rule !== null) checkRule(rule, record?.enabled === true, device, directory.membershipOf(device), subject, level !== null);

    const ruleId = report.rule as RuleId;
    const last = liveOf(device.project, ruleId, subject) ?? (await lastClosed(device.project, ruleId, subject));
    const key = `${device.project} ${ruleId} ${subjectKey(subject)}`;
    const changes = said.get(key) ?? (last === null ? [] : await changesOf(last));
    if (last !== null && (changes.includes(time) || saysTheSame(last, level))) return last;
    const changedAt = changes[0] ?? Number.NEGATIVE_INFINITY;
    if (time < changedAt) {
      throw new MusterError(
        'conflict',
        `the alarm has changed at ${new Date(changedAt).toISOString()}, and this report is of ${new Date(time).toISOString()}`,
        {
          details: { field: 'ts', changedAt },
        },
      );
    }
    if (level === null && (last === null || last.closedAt !== null)) return last;
    if (rule === null && last?.closedAt !== null) checkRoom(device);
    const value = report.value ?? null;
    const explanation = report.explanation ?? (level === null ? 'back to normal, says the gateway' : `${level.name}, says the gateway`);
    const applied = await applyEdge(
      { project: device.project, subject, rule: factsOf(rule, ruleId, report) },
      { kind: 'level', time, level, value, message: report.message ?? messageOf(rule, device, subject, { level, time, value, explanation }), explanation },
    );
    if (applied === null && level !== null) throw new MusterError('limit_reached', 'as many alarms are live as the hub keeps (limits.alarms-live-per-project)');
    remember(key, [time, ...changes]);
    return applied ?? last;
  }

  function remember(key: string, times: readonly number[]): void {
    said.delete(key);
    said.set(key, times.slice(0, CHANGES_MAX));
    if (said.size > REMEMBERED_MAX) for (const oldest of said.keys()) if (said.delete(oldest)) break;
  }

  /** In the words of the rule: a gateway need not know what its devices are called. */
  function messageOf(
    rule: Rule | null,
    device: Device,
    { point }: AlarmSubject,
    change: { readonly level: Level | null; readonly time: number; readonly value: SampleValue; readonly explanation: string },
  ): string {
    const { level, ...rest } = change;
    const { id, name, type, labels } = device;
    const unit = point === null ? null : (directory.device(id)?.points.get(point)?.point.unit ?? null);
    const bindings: MessageBindings = {
      device: { id, name, type, labels },
      point: point === null ? null : { path: point, unit },
      group: directory.membershipOf(device).own[0] ?? null,
      rule: { id: rule?.id ?? '', version: rule?.version ?? 0, description: rule?.description ?? null },
      labels: rule?.labels ?? {},
      level: level?.name ?? null,
      severity: level?.severity ?? null,
      ...rest,
    };
    const compiled = rule?.message == null ? null : compileTemplate(rule.message);
    return compiled?.ok ? compiled.template.render({ ...bindings }) : defaultMessage(bindings);
  }

  function checkedTime({ ts = undefined }: EdgeReport, receivedAt: number): number {
    const time = ts ?? receivedAt;
    if (time < ports.earliestTime) throw wrong('ts', `the time ${new Date(time).toISOString()} is too early: a clock that was never set`);
    if (time > receivedAt + ports.futureMaxMs) throw wrong('ts', `the time ${new Date(time).toISOString()} is too far ahead of the hub`);
    return time;
  }

  /** The newest closed alarm of the subject: what is sent again may be about that. Newest first, so it is nearly always the first that is looked at. */
  async function lastClosed(project: ProjectId, rule: RuleId, subject: AlarmSubject): Promise<AlarmRecord | null> {
    if (subject.device === null) return null;
    const key = subjectKey(subject);
    const filter = { project, closed: true, historical: false, rules: [rule], devices: [subject.device] };
    let cursor: string | null | undefined;
    for (let seen = 0; seen < CLOSED_MAX && cursor !== null; ) {
      const page = await storage.alarms.list(filter, { limit: 100, cursor });
      const found = page.items.find((alarm) => subjectKey(alarm.subject) === key);
      if (found) return found;
      seen += page.items.length;
      cursor = page.cursor;
    }
    return null;
  }

  /** When its condition changed, the last first: the journal knows, the record knows of raising and clearing alone. */
  async function changesOf({ id, project, raisedAt, clearedAt }: AlarmRecord): Promise<readonly number[]> {
    const { items } = await storage.events.list({ project, alarm: id, kinds: ['alarm.raised', 'alarm.changed', 'alarm.cleared'] }, { limit: CHANGES_MAX });
    const known = [raisedAt, clearedAt].filter((time) => time !== null);
    return [...new Set([...items.map(({ time }) => time), ...known])].sort((one, other) => other - one);
  }

  function checkRoom(device: Device): void {
    let count = 0;
    for (const alarm of ports.live(device.project)) if (alarm.subject.device === device.id && alarm.origin === 'edge') count += 1;
    if (count >= UNKNOWN_RULES_PER_DEVICE) {
      throw new MusterError('limit_reached', `${device.id} has ${count} live alarms of its own already, and the hub does not know this rule`);
    }
  }
}

function levelOf(rule: Rule | null, name: string, { severity, ruleVersion }: EdgeReport): Level {
  const known = rule?.condition.levels.find((level) => level.name === name);
  if (known) return known;
  if (rule !== null && (ruleVersion === undefined || ruleVersion === rule.version)) {
    throw wrong('level', `the rule ${rule.id} has no level ${name}: it has ${rule.condition.levels.map((level) => level.name).join(', ')}`);
  }
  const found = SEVERITIES.find((each) => each === (severity ?? name));
  if (found === undefined) throw wrong('severity', `the hub does not know the level ${name}: say its severity (${SEVERITIES.join(', ')})`);
  return { name, severity: found };
}

/** A gateway may still have the rules of yesterday: what it raises by them is refused, and what it clears is taken. */
function checkRule(rule: Rule, enabled: boolean, device: Device, groups: DeviceGroups, subject: AlarmSubject, raises: boolean): void {
  if (rule.runsAt === 'hub')
    throw new MusterError('conflict', `the hub evaluates the rule ${rule.id} itself`, { hint: 'A rule for gateways says `runsAt: edge`.' });
  if (rule.condition.subject === 'group') throw wrong('rule', `the rule ${rule.id} is about groups`);
  if ((rule.condition.subject === 'point') !== (subject.point !== null)) {
    throw wrong('point', `the rule ${rule.id} is about ${subject.point === null ? 'points: say which' : 'devices: say no point'}`);
  }
  if (!raises) return;
  if (!enabled) throw new MusterError('conflict', `the rule ${rule.id} is disabled`, { hint: 'The gateway has to fetch its rules again.' });
  if (!matchesDevice(rule.scope, device, groups) || (subject.point !== null && !matchesPoint(rule.scope, subject.point)))
    throw new MusterError('conflict', `the rule ${rule.id} does not watch ${subjectKey(subject)}`, { hint: 'The gateway has to fetch its rules again.' });
}

function factsOf(rule: Rule | null, id: RuleId, { ruleVersion }: EdgeReport): AlarmSurroundings['rule'] {
  if (rule === null) return { id, version: ruleVersion ?? 0, labels: {}, latch: false, requiresAck: true, reAlarmMs: null };
  const { labels, latch, requiresAck, reAlarmMs } = rule;
  return { id, version: ruleVersion ?? rule.version, labels, latch, requiresAck, reAlarmMs };
}

/** The level that it has. */
function saysTheSame({ active, level }: AlarmRecord, said: Level | null): boolean {
  return said === null ? !active : active && level === said.name;
}

function wrong(field: string, message: string): MusterError {
  return new MusterError('invalid', message, { details: { field } });
}

function nothing(): void {}
