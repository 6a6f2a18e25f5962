import { inForce, nextChange } from '../../alarms/calendar.ts';
import { KEEP } from '../../alarms/conditions/condition.ts';
import type { LevelChange } from '../../alarms/evaluation.ts';
import { compileTemplate, defaultMessage, type MessageBindings, type MessageDevice } from '../../alarms/message.ts';
import type { Rule } from '../../alarms/rule.ts';
import { createRuleRuns, type SubjectInput, type SubjectRun } from '../../alarms/rule-runs.ts';
import { transition } from '../../alarms/state/apply-input.ts';
import { displayState } from '../../alarms/state/display-state.ts';
import { nextDueAt } from '../../alarms/state/facts.ts';
import type { AlarmInput, AlarmSurroundings, Transition } from '../../alarms/state/transition.ts';
import type { AlarmRecord } from '../../domain/alarm.ts';
import type { AlarmId, ProjectId } from '../../domain/ids.ts';
import type { SampleValue } from '../../domain/value.ts';
import type { TrialSample, TrialStep, TrialTotals } from './trial-step.ts';

export interface TrialOptions {
  readonly rule: Rule;
  /** By their time; what is out of order is not looked at, as in a hub. */
  readonly samples: Iterable<TrialSample> | AsyncIterable<TrialSample>;
  /** Lets the clock go on so long after the last sample, ms. */
  readonly thenMs: number;
  /** What is known of a device; null: nothing, and the scope holds for it. */
  readonly device: (id: string) => MessageDevice | null;
  readonly unit: (device: string, point: string) => string | null;
}

interface Tracked {
  readonly run: SubjectRun;
  record: AlarmRecord | null;
  nextCalendarAt: number;
}

export interface Trial {
  /** Each sample of what the rule looks at, and each moment at which the clock changed something. */
  readonly steps: AsyncGenerator<TrialStep>;
  /** So far. */
  readonly totals: TrialTotals;
}

/** Shows values to a rule, as the hub does: evaluation, then the state of the alarm, then who is told. Nothing is stored or sent. */
export function createTrial({ rule, samples, thenMs, device: deviceOf, unit: unitOf }: TrialOptions): Trial {
  const runs = createRuleRuns(rule);
  const tracked = new Map<string, Tracked>();
  const compiled = rule.message === null ? null : compileTemplate(rule.message);
  const template = compiled?.ok ? compiled.template : null;
  const totals = { samples: 0, unwatched: 0, subjects: 0, raised: 0, cleared: 0, notifications: 0, activeMs: 0 };
  let ids = 0;
  let end = Number.NEGATIVE_INFINITY;

  async function* steps(): AsyncGenerator<TrialStep> {
    for await (const sample of samples) {
      const input = runs.inputOf({ id: sample.device, group: groupOf(sample.device) }, sample.point);
      if (input === null) {
        totals.unwatched += 1;
        continue;
      }
      totals.samples += 1;
      yield* clockUntil(sample.time);
      end = Math.max(end, sample.time);
      yield await show(sample, input);
    }
    if (thenMs > 0 && Number.isFinite(end)) {
      end += thenMs;
      yield* clockUntil(end);
    }
    for (const { record } of tracked.values()) if (record?.active) totals.activeMs += end - (record.raisedAt ?? end);
  }

  /** Everything that is due up to `time`, in its order. */
  function* clockUntil(time: number): Generator<TrialStep> {
    for (;;) {
      let next: Tracked | null = null;
      let dueAt = Number.POSITIVE_INFINITY;
      for (const one of tracked.values()) {
        const at = dueOf(one);
        if (at < dueAt) [next, dueAt] = [one, at];
      }
      if (next === null || dueAt > time) return;
      const step = elapse(next, dueAt);
      if (step !== null) yield step;
      // What is due and does not move on would hold the trial for ever.
      else if (dueOf(next) <= dueAt) return;
    }
  }

  function dueOf({ run, record, nextCalendarAt }: Tracked): number {
    return Math.min(run.evaluation.dueAt, record === null ? Number.POSITIVE_INFINITY : nextDueAt(record), nextCalendarAt);
  }

  /** null: nothing came of it. */
  function elapse(one: Tracked, time: number): TrialStep | null {
    const { evaluation } = one.run;
    const before = evaluation.pending;
    const transitions: Transition[] = [];
    if (evaluation.dueAt <= time) transitions.push(...applyChanges(one, evaluation.advance(time)));
    if (one.record !== null && nextDueAt(one.record) <= time) transitions.push(...apply(one, { kind: 'time', time }));
    if (one.nextCalendarAt <= time) transitions.push(...followCalendar(one, time));
    if (transitions.length === 0 && evaluation.pending?.finding === before?.finding) return null;
    return stepOf(one, { time, cause: 'clock', point: one.run.subject.point, value: null, ignored: null }, transitions);
  }

  async function show(sample: TrialSample, { run, slot, member }: SubjectInput): Promise<TrialStep> {
    const one = trackedOf(run, sample.time);
    const { evaluation } = run;
    const { ignored } = evaluation;
    const isOld = sample.time < evaluation.lastTime && slot === 0 && rule.condition.points.length < 2 && rule.condition.subject !== 'group';
    const transitions = applyChanges(one, evaluation.sample(slot, sample.time, sample.value, member));
    if (evaluation.later !== null) {
      const finding = await evaluation.later.catch(() => KEEP);
      transitions.push(...applyChanges(one, evaluation.found(finding, sample.time, sample.value)));
    }
    const why = isOld ? 'it is older than the one before' : evaluation.ignored > ignored ? 'the condition says nothing about it' : null;
    return stepOf(one, { time: sample.time, cause: 'sample', point: sample.point, value: sample.value, ignored: why }, transitions);
  }

  function trackedOf(run: SubjectRun, time: number): Tracked {
    let one = tracked.get(run.key);
    if (one === undefined) {
      one = { run, record: null, nextCalendarAt: nextCalendarAfter(time) };
      tracked.set(run.key, one);
      totals.subjects += 1;
    }
    return one;
  }

  function nextCalendarAfter(time: number): number {
    return (rule.calendar === null ? null : nextChange(rule.calendar, time)) ?? Number.POSITIVE_INFINITY;
  }

  function followCalendar(one: Tracked, time: number): Transition[] {
    one.nextCalendarAt = nextCalendarAfter(time);
    return one.record === null || one.record.closedAt !== null || rule.calendar === null
      ? []
      : apply(one, { kind: 'suppression', time, by: 'calendar', on: !inForce(rule.calendar, time) });
  }

  function applyChanges(one: Tracked, changes: readonly LevelChange[] | null): Transition[] {
    return (changes ?? []).flatMap((change) => {
      const level = change.to === 0 ? null : (rule.condition.levels[change.to - 1] ?? null);
      const { time, value, explanation } = change;
      const isNew = one.record === null || one.record.closedAt !== null;
      const off = level !== null && isNew && rule.calendar !== null && !inForce(rule.calendar, time);
      const suppressed = off ? apply(one, { kind: 'suppression', time, by: 'calendar', on: true }) : [];
      const message = messageOf(one, change, level?.name ?? null, level?.severity ?? null);
      return [...suppressed, ...apply(one, { kind: 'level', time, level, value, explanation, message })];
    });
  }

  function apply(one: Tracked, input: AlarmInput): Transition[] {
    const surroundings: AlarmSurroundings = {
      ...{ project: 'trial' as ProjectId, subject: one.run.subject, origin: 'hub', historical: false, rule },
      newId: () => {
        ids += 1;
        return `trial-${ids}` as AlarmId;
      },
    };
    const made = transition(one.record, input, surroundings);
    if (made === null) return [];
    one.record = made.record;
    for (const { kind } of made.events) {
      if (kind === 'alarm.raised') totals.raised += 1;
      if (kind !== 'alarm.cleared') continue;
      totals.cleared += 1;
      totals.activeMs += (made.record.clearedAt ?? 0) - (made.record.raisedAt ?? 0);
    }
    if (made.notify !== null) totals.notifications += 1;
    return [made];
  }

  function messageOf(one: Tracked, { time, value, explanation }: LevelChange, level: string | null, severity: MessageBindings['severity']): string {
    const { device, point, group } = one.run.subject;
    const bindings: MessageBindings = {
      device: device === null ? null : (deviceOf(device) ?? { id: device, name: device, type: null, labels: {} }),
      point: point === null ? null : { path: point, unit: device === null ? null : unitOf(device, point) },
      group: group ?? (device === null ? null : groupOf(device)),
      rule: { id: rule.id, version: rule.version, description: rule.description },
      labels: rule.labels,
      ...{ level, severity, value, time, explanation },
    };
    return template === null ? defaultMessage(bindings) : template.render({ ...bindings });
  }

  /** Of a group, all that is shown is one. */
  function groupOf(device: string): string {
    return deviceOf(device)?.labels.group ?? 'group';
  }

  function nameOf(level: number): string | null {
    return level === 0 ? null : (rule.condition.levels[level - 1]?.name ?? null);
  }

  function stepOf(
    { run, record }: Tracked,
    what: {
      readonly time: number;
      readonly cause: TrialStep['cause'];
      readonly point: string | null;
      readonly value: SampleValue;
      readonly ignored: string | null;
    },
    transitions: readonly Transition[],
  ): TrialStep {
    const { evaluation, subject, key } = run;
    const { pending } = evaluation;
    const level = nameOf(evaluation.level);
    return {
      ...what,
      subject: key,
      device: subject.device,
      finding: pending === null ? level : nameOf(pending.finding),
      pending:
        pending === null
          ? null
          : { level: nameOf(pending.finding), since: pending.since, dueAt: pending.dueAt === Number.POSITIVE_INFINITY ? null : pending.dueAt },
      level,
      severity: rule.condition.levels[evaluation.level - 1]?.severity ?? null,
      transitions: transitions.flatMap(({ events }) => events.map(({ kind }) => kind)),
      notification: transitions.map(({ notify }) => notify?.cause ?? null).findLast((cause) => cause !== null) ?? null,
      actions: transitions.map(({ actions }) => actions).findLast((actions) => actions !== null) ?? null,
      state: record === null ? 'normal' : displayState(record),
      message: transitions.length === 0 ? null : (record?.message ?? null),
      explanation: evaluation.explain(),
    };
  }

  return { steps: steps(), totals };
}
