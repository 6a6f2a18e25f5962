import { uuidv7 } from 'uuidv7';
import { defaultMessage, type MessageBindings } from '../alarms/message.ts';
import { transition } from '../alarms/state/apply-input.ts';
import { nextDueAt } from '../alarms/state/facts.ts';
import type { AlarmInput, AlarmSurroundings } from '../alarms/state/transition.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { HubEvent } from '../domain/event.ts';
import type { AlarmId, ProjectId } from '../domain/ids.ts';
import type { Level } from '../domain/severity.ts';
import type { SampleValue } from '../domain/value.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Notifier } from '../notifications/notifier.ts';
import type { AlarmBook, LiveAlarm } from './alarm-book.ts';
import type { Commands } from './commands.ts';
import type { Ledger } from './ledger.ts';
import type { RuleState } from './tracked.ts';

/** What an alarm is of, besides its inputs. */
export type Surroundings = Omit<AlarmSurroundings, 'newId'>;

/** Takes inputs to the state machine, and what comes of it to memory and to the ledger. */
export interface AlarmKeeper {
  /** null: nothing changes. `record`: another one than the live one, such as one that is closed. */
  apply(surroundings: Surroundings, input: AlarmInput, record?: AlarmRecord | null): AlarmRecord | null;
  /** Suppresses an alarm that is about to be raised for all that holds now. */
  hide(surroundings: Surroundings, state: Pick<RuleState, 'project' | 'rule'>, time: number): void;
  /** The level of a rule's condition on a subject has changed; null: it is normal. */
  level(state: RuleState, subject: AlarmSubject, level: Level | null, change: LevelCause, historical: AlarmRecord | null | undefined): AlarmRecord | null;
  readonly transitions: number;
  /** Alarms that were not kept because as many are live as may be. */
  readonly refused: number;
}

/** `until`: it ends then by itself. */
export interface SuppressionReason {
  readonly by: string;
  readonly until?: number;
}

export interface LevelCause {
  readonly time: number;
  readonly value: SampleValue;
  readonly explanation: string;
}

export interface AlarmKeeperPorts {
  readonly directory: Directory;
  readonly book: AlarmBook;
  readonly ledger: Ledger;
  readonly recorder: Pick<EventRecorder, 'complete'>;
  readonly notifier: Pick<Notifier, 'entriesFor'>;
  readonly commands: Commands;
  /** What suppresses an alarm that is about to be raised. */
  readonly reasons: (state: Pick<RuleState, 'project' | 'rule'>, subject: AlarmSubject, now: number) => readonly SuppressionReason[];
  /** An alarm became active, or is not any more. */
  readonly onActive: (record: AlarmRecord) => void;
  /** Asks for a turn of the alarm when the clock stands there. */
  readonly wake: (alarm: LiveAlarm, dueAt: number) => void;
  readonly liveMax: number;
  readonly clock: () => number;
}

export function createAlarmKeeper(ports: AlarmKeeperPorts): AlarmKeeper {
  const { directory, book, ledger, recorder, notifier, commands, clock } = ports;
  let transitions = 0;
  let refused = 0;

  return {
    apply,
    hide,
    level(state, subject, level, cause, historical) {
      const surroundings = surroundingsOf(state, subject, historical !== undefined);
      if (historical !== undefined) return apply(surroundings, levelInput(state, subject, level, cause), historical);
      const live = book.of(state.project, state.rule.id, subject);
      // Whatever hides it is known before somebody is told.
      if (level !== null && live === undefined) hide(surroundings, state, cause.time);
      return apply(surroundings, levelInput(state, subject, level, cause));
    },
    get transitions() {
      return transitions;
    },
    get refused() {
      return refused;
    },
  };

  function apply(surroundings: Surroundings, input: AlarmInput, given?: AlarmRecord | null): AlarmRecord | null {
    const { project, rule, subject } = surroundings;
    const before = given === undefined ? (book.of(project, rule.id, subject)?.record ?? null) : given;
    if (before === null && !surroundings.historical && book.count(project) >= ports.liveMax) {
      refused += 1;
      return null;
    }
    const done = transition(before, input, { ...surroundings, newId: () => uuidv7() as AlarmId });
    if (done === null) return null;
    transitions += 1;
    const { record } = done;
    ledger.alarm(record);
    const events = done.events.map((draft) => recorder.complete(eventOf(record, draft)));
    for (const event of events) ledger.event(event);
    if (record.historical) return record;

    const alarm = book.put(record);
    ports.wake(alarm, nextDueAt(record));
    const device = record.subject.device === null ? null : (directory.device(record.subject.device)?.device ?? null);
    const told = done.notify === null ? undefined : events[done.notify.event];
    if (done.notify !== null && told !== undefined) ledger.outbox(notifier.entriesFor(record, device, told, done.notify.cause, clock()));
    if (done.actions !== null) commands.due(record, done.actions);
    if ((before?.active ?? false) !== record.active) ports.onActive(record);
    return record;
  }

  function hide(surroundings: Surroundings, state: Pick<RuleState, 'project' | 'rule'>, time: number): void {
    for (const reason of ports.reasons(state, surroundings.subject, clock())) apply(surroundings, { kind: 'suppression', time, ...reason, on: true });
  }

  function levelInput(state: RuleState, subject: AlarmSubject, level: Level | null, cause: LevelCause): AlarmInput {
    return { kind: 'level', ...cause, level, message: messageOf(state, subject, level, cause) };
  }

  function messageOf(state: RuleState, subject: AlarmSubject, level: Level | null, { time, value, explanation }: LevelCause): string {
    const { rule } = state;
    const entry = subject.device === null ? undefined : directory.device(subject.device);
    const point = subject.point === null ? undefined : entry?.points.get(subject.point)?.point;
    const bindings: MessageBindings = {
      device: entry === undefined ? null : { id: entry.device.id, name: entry.device.name, type: entry.device.type, labels: entry.device.labels },
      point: point === undefined ? null : { path: point.path, unit: point.unit },
      group: subject.group ?? (entry === undefined ? null : (directory.membershipOf(entry.device).own[0] ?? null)),
      rule: { id: rule.id, version: rule.version, description: rule.description },
      labels: rule.labels,
      level: level?.name ?? null,
      severity: level?.severity ?? null,
      value,
      time,
      explanation,
    };
    return state.template === null ? defaultMessage(bindings) : state.template.render({ ...bindings });
  }
}

export function surroundingsOf({ project, rule }: Pick<RuleState, 'project' | 'rule'>, subject: AlarmSubject, historical: boolean): Surroundings {
  return { project, subject, rule, origin: 'hub', historical };
}

/** Of an alarm whose rule is not at hand: a rule at the edge, or one that is gone. */
export function surroundingsFrom({ project, subject, origin, historical, rule, ruleVersion, labels }: AlarmRecord): Surroundings {
  return { project, subject, origin, historical, rule: { id: rule, version: ruleVersion, labels, latch: false, requiresAck: true, reAlarmMs: null } };
}

function eventOf(
  record: AlarmRecord,
  draft: { readonly [Name in 'kind' | 'time' | 'actor' | 'severity' | 'text' | 'details']: HubEvent[Name] },
): Omit<HubEvent, 'id' | 'recordedAt'> {
  const { project, rule, id, subject } = record;
  const details = subject.group === null ? draft.details : { group: subject.group, ...draft.details };
  return { ...draft, details, project: project as ProjectId, device: subject.device, point: subject.point, alarm: id, rule };
}
