import { isDeepStrictEqual } from 'node:util';
import { createEvaluations } from '../../../../src/lib/alarms/create-evaluation.ts';
import type { OperatorAction } from '../../../../src/lib/alarms/operator-action.ts';
import type { Rule } from '../../../../src/lib/alarms/rule.ts';
import { transition } from '../../../../src/lib/alarms/state/apply-input.ts';
import type { AlarmInput, EventDraft, Transition } from '../../../../src/lib/alarms/state/transition.ts';
import type { AlarmRecord, AlarmSubject } from '../../../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../../../src/lib/domain/event.ts';
import type { AlarmId, DeviceId, PointPath, ProjectId } from '../../../../src/lib/domain/ids.ts';
import type { NotifyCause } from '../../../../src/lib/domain/notification.ts';
import type { Findings } from '../../findings.ts';
import { SILENT, SILENT_AFTER_MS } from './rules.ts';
import type { Reading } from './wave.ts';

/** The journal of one rule on one device must be this: what its samples imply, with what people and the clock did in between. */
export interface Replayed {
  /** As they must be in the end, by id. */
  readonly records: ReadonlyMap<string, AlarmRecord>;
  /** Events that somebody must be told of. */
  readonly told: ReadonlyMap<string, NotifyCause>;
}

type LevelInput = Extract<AlarmInput, { kind: 'level' }>;
const LEVEL_KINDS: ReadonlySet<string> = new Set(['alarm.raised', 'alarm.changed', 'alarm.cleared']);

export function replay(rule: Rule, device: string, readings: readonly Reading[], journal: readonly HubEvent[], findings: Findings): Replayed {
  const where = `${rule.id} on ${device}`;
  const subject = subjectOf(rule, device);
  const events = journal.filter(({ kind }) => LEVEL_KINDS.has(kind));
  const implied = rule.id === SILENT ? silences(rule, readings, journal, findings, device) : impliedBy(rule, subject, readings, events);
  const records = new Map<string, AlarmRecord>();
  const told = new Map<string, NotifyCause>();
  let live = null as AlarmRecord | null;
  let used = 0;
  for (let index = 0; index < journal.length; ) {
    const event = journal[index] as HubEvent;
    const known = records.get(event.alarm ?? '') ?? null;
    let input: AlarmInput | null;
    if (LEVEL_KINDS.has(event.kind)) {
      input = implied[used++] ?? null;
      if (input === null) {
        findings.add('the journal has a change of an alarm that no sample implies', `${where}: ${brief(event)}`);
        return { records, told };
      }
    } else input = inputOf(event, rule);
    // Comments may come to what is closed.
    const before: AlarmRecord | null = known ?? (live?.closedAt === null ? live : null);
    const surroundings = { project: event.project as ProjectId, subject, rule, origin: 'hub', historical: false, newId: () => event.alarm as AlarmId } as const;
    const done: Transition | null = input === null ? null : transition(before, input, surroundings);
    if (done === null) {
      findings.add('the journal has an event that changes nothing', `${where}: ${brief(event)}`);
      return { records, told };
    }
    for (const [offset, draft] of done.events.entries()) {
      const stored = journal[index + offset];
      const difference = stored === undefined ? 'it is missing' : differenceOf(stored, draft, done.record.id);
      if (difference === null) continue;
      findings.add(
        'the journal has another event than what happened implies',
        `${where}: ${stored && brief(stored)} instead of ${draft.kind} at ${draft.time}: ${difference}`,
      );
      return { records, told };
    }
    const announced = done.notify === null ? undefined : journal[index + done.notify.event];
    if (done.notify !== null && announced !== undefined) told.set(announced.id, done.notify.cause);
    index += done.events.length;
    records.set(done.record.id, done.record);
    // A comment on what is closed does not end what came after it.
    if (known === null || known.closedAt === null) live = done.record;
  }
  if (used < implied.length)
    findings.add(
      'acknowledged samples imply a change that is not in the journal',
      `${where}: ${JSON.stringify(implied[used])}, ${implied.length - used} in all`,
    );
  return { records, told };
}

function subjectOf(rule: Rule, device: string): AlarmSubject {
  const point = rule.condition.subject === 'device' ? null : rule.id === 'fault' ? 'mode' : 'level';
  return { device: device as DeviceId, point: point as PointPath | null, group: null };
}

/** What the samples imply, in order. Where the clock may or may not have come before the next sample, the journal says which it was. */
function impliedBy(rule: Rule, subject: AlarmSubject, readings: readonly Reading[], journal: readonly HubEvent[]): LevelInput[] {
  const evaluation = createEvaluations(rule)(subject);
  const inputs: LevelInput[] = [];
  const take = (changes: ReturnType<typeof evaluation.sample>) => {
    for (const { time, to, value, explanation } of changes ?? []) {
      const level = to === 0 ? null : (rule.condition.levels[to - 1] ?? null);
      inputs.push({ kind: 'level', time, level, value, explanation, message: rule.message ?? '' });
    }
  };
  const slots: readonly (string | null)[] = rule.condition.subject === 'device' ? rule.condition.points : [subject.point];
  for (const [index, reading] of readings.entries()) {
    // The hub has had this sample before the next one was made; until then the clock may have come first. It has seen the value before, then.
    const until = readings[index + 1]?.time ?? Number.POSITIVE_INFINITY;
    const { dueAt } = evaluation;
    const next = journal[inputs.length];
    if (Number.isFinite(dueAt) && dueAt <= until && next?.time === dueAt && next.details['value'] === readings[index - 1]?.level)
      take(evaluation.advance(dueAt));
    const values: readonly (readonly [string, number | string])[] = [
      ['level', reading.level],
      ['mode', reading.mode],
    ];
    for (const [path, value] of values) {
      const slot = slots.indexOf(path);
      if (slot >= 0) take(evaluation.sample(slot, reading.time, value));
    }
  }
  while (Number.isFinite(evaluation.dueAt) && journal[inputs.length]?.time === evaluation.dueAt) take(evaluation.advance(evaluation.dueAt));
  return inputs;
}

/** A silence is found by the clock, and nobody knows how long the hub slept: it must have been long enough, and end with a sample. */
function silences(rule: Rule, readings: readonly Reading[], journal: readonly HubEvent[], findings: Findings, device: string): LevelInput[] {
  const [level] = rule.condition.levels;
  const inputs: LevelInput[] = [];
  let changedAt = Number.NaN;
  for (const { kind, time, details } of journal) {
    const cause = { kind: 'level', time, value: null, explanation: String(details['explanation']), message: rule.message ?? '' } as const;
    const newest = readings.findLastIndex((reading) => reading.time <= time);
    if (kind === 'alarm.raised') {
      // The newest one was made then, but had perhaps not come; the one before had.
      const before = readings[newest - 1];
      if (newest < 0 || (before !== undefined && time - before.time < SILENT_AFTER_MS))
        findings.add('a silence was told that was none', `${device}: at ${time}, the last sample that had come is of ${before?.time}`);
      inputs.push({ ...cause, level: level ?? null });
    } else if (kind === 'alarm.cleared') {
      // A sample that was made before the last change of the alarm ends it at the time of that change.
      if (readings[newest]?.time !== time && time !== changedAt) findings.add('a silence ended without a sample', `${device}: at ${time}`);
      inputs.push({ ...cause, level: null, value: (details['value'] ?? null) as LevelInput['value'] });
    }
    changedAt = time;
  }
  return inputs;
}

/** What a person or the clock did. */
function inputOf(event: HubEvent, rule: Rule): AlarmInput | null {
  const { kind, time, actor, details } = event;
  if (actor === 'hub') return kind === 'alarm.unshelved' || kind === 'alarm.repeated' ? { kind: 'time', time: clockOf(event, rule) } : null;
  const action = actionOf(kind, details);
  return action === null ? null : { kind: 'action', time, action, actor };
}

/** A shelving ends at its own time, but people are told, and told again, by the clock that found it: somewhat later, or much, when the hub was down. */
function clockOf({ time, recordedAt, details }: HubEvent, { reAlarmMs }: Rule): number {
  const { reAlarmAt } = (details['after'] ?? {}) as { readonly reAlarmAt?: unknown };
  const told = typeof reAlarmAt === 'number' && reAlarmMs !== null ? reAlarmAt - reAlarmMs : time;
  return told >= time && told <= recordedAt ? told : time;
}

function actionOf(kind: HubEvent['kind'], details: HubEvent['details']): OperatorAction | null {
  const comment = typeof details['comment'] === 'string' ? details['comment'] : null;
  switch (kind) {
    case 'alarm.acked':
      return { kind: 'ack', comment };
    case 'alarm.commented':
      return { kind: 'comment', comment: comment ?? '' };
    case 'alarm.assigned':
      return { kind: 'assign', assignee: (details['assignee'] ?? null) as string | null };
    case 'alarm.shelved':
      return { kind: 'shelve', until: Number(details['until']), once: details['once'] === true, comment };
    case 'alarm.unshelved':
      return { kind: 'unshelve' };
    case 'alarm.reset':
      return { kind: 'reset' };
    case 'alarm.suppressed':
      return { kind: 'suppress', comment };
    case 'alarm.unsuppressed':
      return { kind: 'unsuppress' };
    case 'alarm.out-of-service':
      return { kind: 'out-of-service', comment };
    case 'alarm.in-service':
      return { kind: 'in-service' };
    default:
      return null;
  }
}

/** Nothing but when it was recorded may differ. */
function differenceOf(stored: HubEvent, draft: EventDraft, alarm: string): string | null {
  if (stored.alarm !== alarm) return `it is of the alarm ${stored.alarm}, not ${alarm}`;
  for (const name of ['kind', 'time', 'actor', 'severity', 'text', 'details'] as const) {
    const expected = JSON.parse(JSON.stringify(draft[name] ?? null)) as unknown;
    if (!isDeepStrictEqual(stored[name], expected)) return `${name} is ${JSON.stringify(stored[name])}, not ${JSON.stringify(expected)}`;
  }
  return null;
}

function brief({ kind, time, actor, text }: HubEvent): string {
  return `${kind} at ${time} by ${actor} (${text})`;
}
