import { inForce, nextChange } from '../alarms/calendar.ts';
import type { Scope } from '../alarms/rule.ts';
import { matchesDevice, matchesPoint } from '../alarms/scope.ts';
import { BY_OPERATOR } from '../alarms/state/refusal.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { AlarmId, DeviceId, ProjectId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/rule-record.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { JsonValue } from '../domain/value.ts';
import type { Directory } from '../fleet/directory.ts';
import { createTurns } from '../fleet/turns.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { AlarmBook, LiveAlarm } from './alarm-book.ts';
import { type AlarmKeeper, type SuppressionReason, surroundingsFrom, surroundingsOf } from './alarm-keeper.ts';
import type { RuleState } from './tracked.ts';
import type { Watches } from './watches.ts';

/**
 * A parent that may be found silent soon is awaited for so long at most before its dependants are told of. Gateways and the points behind them seldom
 * fall silent in the same second: without it, each point would be told of first.
 */
const AWAITED_MAX_MS = 120_000;
const AWAITING = 'awaiting:';
/** When a parent comes back, so do those below it: they get this long before they are told of. */
const RECOVERING = 'recovering:';
/** Of one alarm: reasons that came after the wait are few. */
const WAITS_LOOKED_AT = 100;
const RECOVERY_MS = 120_000;

/** A parent that may be found silent soon. */
interface AwaitedParent {
  readonly by: string;
  readonly until: number;
}

/** A rule in force, at the hub or at the edge. */
export type Ruled = Pick<RuleState, 'project' | 'rule'>;

/** A maintenance window whose scope has been read. */
export interface Maintenance {
  readonly window: MaintenanceWindow;
  readonly scope: Scope;
}

/** Why alarms are not told, as long as it lasts: parents, calendars, maintenance. */
export interface Suppression {
  /** What suppresses an alarm of the rule on the subject now, for one that is about to be raised. */
  reasons(state: Ruled, subject: AlarmSubject, now: number): readonly SuppressionReason[];
  /** An alarm became active, or is not any more: those below it follow, and it waits for nobody. */
  activeChanged(record: AlarmRecord): void;
  /** Brings the live alarms of a rule up to date, and asks to be called when its calendar changes. */
  ruleChanged(state: Ruled, now: number): Promise<void>;
  maintenanceChanged(maintenance: Maintenance, on: boolean, now: number): Promise<void>;
  /** Brings one live alarm up to date. */
  refresh(alarm: LiveAlarm, now: number): void;
  /** The same for one of the last run: it waits as long as it would have. */
  comeBack(alarm: LiveAlarm, now: number): Promise<void>;
}

/** Reads the scope of a maintenance window; null: an older release wrote it, and this one cannot read it. */
export type ReadMaintenanceScope = (scope: JsonValue) => Scope | null;

export interface SuppressionPorts {
  readonly directory: Directory;
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly watches: Watches;
  readonly events: Pick<AlarmStorage['events'], 'list'>;
  /** undefined: it is not in force, or the hub does not know it. */
  readonly ruleOf: (project: ProjectId, rule: string) => Ruled | undefined;
  /** Those that gateways evaluate. */
  readonly edgeRules: (project: ProjectId) => readonly Ruled[];
  /** Calls back when the clock stands there, once. */
  readonly schedule: (at: number, run: (now: number) => void) => void;
  /** Some alarms were brought up to date: what changed is to be written. */
  readonly onTurn: (isLast: boolean) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: () => number;
  /** When the evaluation on that device wants the clock, with what is known of its samples now; null: nothing is held. */
  readonly nextLook: (
    state: RuleState,
    device: DeviceId,
    now: number,
  ) => { readonly dueAt: number; readonly silentMs: number; readonly active: boolean } | null;
}

export function createSuppression(ports: SuppressionPorts): Suppression {
  const { directory, book, keeper, watches, schedule, nextLook, ruleOf, clock, onError } = ports;
  /** Windows that have not ended. */
  const maintenances = new Map<string, Maintenance>();
  /** When waits end, by alarm and reason. One that ended early may have begun anew, and its first end is none, then. */
  const waits = new Map<string, number>();

  return {
    reasons(state, subject, now) {
      const reasons: SuppressionReason[] = standing(state, subject, now).map((by) => ({ by }));
      const held = awaited(state, subject, now);
      if (held === null) return reasons;
      const { by, until } = held;
      wait(state, subject, by, until);
      return [...reasons, { by, until }];
    },
    activeChanged(record) {
      endWaiting(record);
      const { device } = record.subject;
      if (device === null) return;
      const by = `alarm:${record.id}`;
      const atEdge = ports.edgeRules(record.project).filter(({ rule }) => rule.suppressedBy.some((one) => one.rule === record.rule));
      for (const state of [...(watches.project(record.project)?.dependants.get(record.rule) ?? []), ...atEdge]) {
        const below = new Set<DeviceId>();
        for (const { rule, of } of state.rule.suppressedBy) {
          if (rule !== record.rule) continue;
          if (of === 'device') below.add(device);
          else for (const child of directory.children(device)) below.add(child);
        }
        for (const one of below) {
          for (const alarm of [...book.ofDevice(one)]) {
            if (alarm.record.rule !== state.rule.id || alarm.record.id === record.id) continue;
            if (!record.active && alarm.record.active && alarm.record.suppressedBy.includes(by) && mayWait(state))
              recover(alarm, state, record.rule, record.updatedAt);
            suppress(alarm, by, record.active, record.updatedAt);
          }
        }
      }
    },
    async ruleChanged(state, now) {
      watchCalendar(state, now);
      await refreshAll(book.ofRule(state.project, state.rule.id));
    },
    async maintenanceChanged(maintenance, on, now) {
      const { window } = maintenance;
      if (on && window.to > now) {
        maintenances.set(window.id, maintenance);
        if (window.from > now) schedule(window.from, () => void maintained(maintenance).catch(onError));
        schedule(window.to, () => {
          maintenances.delete(window.id);
          void maintained(maintenance).catch(onError);
        });
      } else maintenances.delete(window.id);
      await maintained(maintenance);
    },
    refresh,
    async comeBack(alarm, now) {
      refresh(alarm, now);
      const { id, subject, project, rule, suppressedBy } = alarm.record;
      const state = ruleOf(project, rule);
      for (const by of suppressedBy.filter(isWait)) {
        const until = state === undefined ? now : await endOf(project, id, by);
        if (state === undefined || until <= now) suppress(alarm, by, false, now);
        else wait(state, subject, by, until);
      }
    },
  };

  /** The record does not say it, the journal does. */
  async function endOf(project: ProjectId, alarm: AlarmId, by: string): Promise<number> {
    const { items } = await ports.events.list({ project, alarm, kinds: ['alarm.suppressed'] }, { limit: WAITS_LOOKED_AT });
    const until = items.find(({ details }) => details.by === by)?.details.until;
    return typeof until === 'number' ? until : Number.NEGATIVE_INFINITY;
  }

  function wait(state: Ruled, subject: AlarmSubject, by: string, until: number): void {
    const key = `${state.project} ${state.rule.id} ${subjectKey(subject)} ${by}`;
    waits.set(key, until);
    schedule(until, (now) => {
      if (waits.get(key) !== until) return;
      waits.delete(key);
      // Its own time may come with this very turn of the clock.
      lookAbove(state, subject, by, now);
      release(state, subject, by, now);
    });
  }

  function lookAbove(state: Ruled, subject: AlarmSubject, by: string, now: number): void {
    for (const { rule, of } of state.rule.suppressedBy) {
      const device = above(subject, of);
      const suppressor = watches.project(state.project)?.states.get(rule);
      if (by === `${AWAITING}${rule}` && device !== null && suppressor !== undefined) nextLook(suppressor, device, now);
    }
  }

  function release(state: Ruled, subject: AlarmSubject, by: string, now: number): void {
    const alarm = book.of(state.project, state.rule.id, subject);
    if (alarm === undefined) return;
    // Another reason may have come with this very moment: between two reasons nobody is told.
    refresh(alarm, now);
    suppress(alarm, by, false, now);
  }

  /** What is over need not be kept until a parent has shown what it is. */
  function endWaiting({ active, id, suppressedBy, updatedAt }: AlarmRecord): void {
    const alarm = active ? undefined : book.byId(id);
    if (alarm === undefined) return;
    for (const by of suppressedBy) if (isWait(by)) suppress(alarm, by, false, updatedAt);
  }

  function recover(alarm: LiveAlarm, state: Ruled, parent: string, time: number): void {
    const by = `${RECOVERING}${parent}`;
    suppress(alarm, by, true, time, time + RECOVERY_MS);
    wait(state, alarm.record.subject, by, time + RECOVERY_MS);
  }

  function refresh(alarm: LiveAlarm, now: number): void {
    const { record } = alarm;
    const state = ruleOf(record.project, record.rule);
    const wanted = new Set(state === undefined ? maintenanceReasons(record.project, record.subject, now) : standing(state, record.subject, now, record.id));
    const ofOthers = record.suppressedBy.filter((by) => by !== BY_OPERATOR && !isWait(by));
    // First what is new: between two reasons nobody is told.
    for (const by of wanted) if (!ofOthers.includes(by)) suppress(alarm, by, true, now);
    for (const by of ofOthers) if (!wanted.has(by)) suppress(alarm, by, false, now);
  }

  function standing(state: Ruled, subject: AlarmSubject, now: number, self: string | null = null): string[] {
    const reasons = maintenanceReasons(state.project, subject, now);
    const { calendar } = state.rule;
    if (calendar !== null && !inForce(calendar, now)) reasons.push('calendar');
    for (const { rule, of } of state.rule.suppressedBy) {
      const device = above(subject, of);
      if (device === null) continue;
      for (const { record } of book.ofDevice(device)) {
        if (record.rule === rule && record.active && record.project === state.project && record.id !== self) reasons.push(`alarm:${record.id}`);
      }
    }
    return reasons;
  }

  function maintenanceReasons(project: ProjectId, subject: AlarmSubject, now: number): string[] {
    const reasons = outOfServiceReasons(project, subject);
    for (const { window, scope } of maintenances.values()) {
      if (window.project === project && window.from <= now && now < window.to && covers(scope, subject)) reasons.push(`maintenance:${window.id}`);
    }
    return reasons;
  }

  /** Devices in maintenance; and gateways that are not in service: nothing of what stands behind them arrives. */
  function outOfServiceReasons(project: ProjectId, { device }: AlarmSubject): string[] {
    const reasons: string[] = [];
    let at = device === null ? undefined : directory.device(device)?.device;
    for (; at?.project === project; at = at.parent === null ? undefined : directory.device(at.parent)?.device) {
      if (at.state === 'maintenance' || (at.id !== device && at.state !== 'active')) reasons.push(`device:${at.id}`);
    }
    return reasons;
  }

  function covers(scope: Scope, subject: AlarmSubject): boolean {
    // A group is under maintenance with what is above it.
    if (subject.device === null) return scope.groups.some((group) => subject.group === group || subject.group?.startsWith(`${group}/`));
    const device = directory.device(subject.device)?.device;
    if (device === undefined || !matchesDevice(scope, device, directory.membershipOf(device))) return false;
    return scope.points.length === 0 || (subject.point !== null && matchesPoint(scope, subject.point));
  }

  function above(subject: AlarmSubject, of: 'parent' | 'device'): DeviceId | null {
    if (subject.device === null || of === 'device') return subject.device;
    return directory.device(subject.device)?.device.parent ?? null;
  }

  /** A parent that has been silent for the larger part of the time after which it is found silent is waited for. */
  function awaited(state: Ruled, subject: AlarmSubject, now: number): AwaitedParent | null {
    if (!mayWait(state)) return null;
    for (const { rule, of } of state.rule.suppressedBy) {
      const device = above(subject, of);
      const suppressor = watches.project(state.project)?.states.get(rule);
      if (device === null || suppressor === undefined || suppressor.rule === state.rule) continue;
      const look = nextLook(suppressor, device, now);
      if (look === null || look.active) continue;
      const waitMs = look.dueAt - now;
      if (waitMs <= AWAITED_MAX_MS && waitMs < look.silentMs) return { by: `${AWAITING}${rule}`, until: Math.max(look.dueAt, now) + 1 };
    }
    return null;
  }

  function watchCalendar(state: Ruled, now: number): void {
    const { calendar } = state.rule;
    const next = calendar === null ? null : nextChange(calendar, now);
    if (next === null) return;
    schedule(next, (later) => {
      // Another version of the rule has a calendar of its own.
      if (ruleOf(state.project, state.rule.id)?.rule !== state.rule) return;
      watchCalendar(state, later);
      void refreshAll(book.ofRule(state.project, state.rule.id)).catch(onError);
    });
  }

  function maintained({ window, scope }: Maintenance): Promise<void> {
    const by = `maintenance:${window.id}`;
    return refreshAll(book.ofProject(window.project), ({ record }) => record.suppressedBy.includes(by) || covers(scope, record.subject));
  }

  /** Of few alarms all at once, of very many in turns. */
  async function refreshAll(alarms: Iterable<LiveAlarm>, isConcerned: (alarm: LiveAlarm) => boolean = () => true): Promise<void> {
    const turns = createTurns();
    for (const alarm of [...alarms]) {
      if (alarm.record.closedAt === null && isConcerned(alarm)) refresh(alarm, clock());
      if (!turns.isOver()) continue;
      ports.onTurn(false);
      await turns.next();
    }
    ports.onTurn(true);
  }

  function suppress(alarm: LiveAlarm, by: string, on: boolean, time: number, until?: number): void {
    const { record } = alarm;
    const state = ruleOf(record.project, record.rule);
    const surroundings = state === undefined ? surroundingsFrom(record) : { ...surroundingsOf(state, record.subject, false), origin: record.origin };
    keeper.apply(surroundings, { kind: 'suppression', time, by, on, ...(until !== undefined && { until }) });
  }
}

/** It ends with time alone. */
function isWait(by: string): boolean {
  return by.startsWith(AWAITING) || by.startsWith(RECOVERING);
}

/** What was suppressed when it was raised acts on nothing: a rule that acts does not wait. */
function mayWait({ rule }: Ruled): boolean {
  return rule.actions.length === 0;
}
