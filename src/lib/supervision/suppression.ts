import { inForce, nextChange } from '../alarms/calendar.ts';
import type { Scope } from '../alarms/rule.ts';
import { matchesDevice, matchesPoint } from '../alarms/scope.ts';
import { BY_OPERATOR } from '../alarms/state/refusal.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/rule-record.ts';
import type { Directory } from '../fleet/directory.ts';
import type { AlarmBook, LiveAlarm } from './alarm-book.ts';
import { type AlarmKeeper, surroundingsFrom, surroundingsOf } from './alarm-keeper.ts';
import type { RuleState } from './tracked.ts';
import type { Watches } from './watches.ts';

/**
 * A parent that may be found silent soon is awaited for so long at most before its dependants are told of. Gateways and the points behind them seldom
 * fall silent in the same second: without it, each point would be told of first.
 */
const AWAITED_MAX_MS = 120_000;
const AWAITING = 'awaiting:';

/** A maintenance window whose scope has been read. */
export interface Maintenance {
  readonly window: MaintenanceWindow;
  readonly scope: Scope;
}

/** Why alarms are not told, as long as it lasts: parents, calendars, maintenance. */
export interface Suppression {
  /** What suppresses an alarm of the rule on the subject now, for one that is about to be raised. */
  reasons(state: RuleState, subject: AlarmSubject, now: number): readonly string[];
  /** An alarm became active, or is not any more: those below it follow. */
  parentChanged(record: AlarmRecord): void;
  /** Brings the live alarms of a rule up to date, and asks to be called when its calendar changes. */
  ruleChanged(state: RuleState, now: number): void;
  maintenanceChanged(maintenance: Maintenance, on: boolean, now: number): void;
  /** Brings one live alarm up to date. `release`: it waits for no parent any more. */
  refresh(alarm: LiveAlarm, now: number, release: boolean): void;
}

export interface SuppressionPorts {
  readonly directory: Directory;
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly watches: Watches;
  /** Calls back when the clock stands there, once. */
  readonly schedule: (at: number, run: (now: number) => void) => void;
  /** When the evaluation on that device wants the clock, with what is known of its samples now; null: nothing is held. */
  readonly nextLook: (
    state: RuleState,
    device: DeviceId,
    now: number,
  ) => { readonly dueAt: number; readonly silentMs: number; readonly active: boolean } | null;
}

export function createSuppression(ports: SuppressionPorts): Suppression {
  const { directory, book, keeper, watches, schedule, nextLook } = ports;
  /** Windows that have not ended. */
  const maintenances = new Map<string, Maintenance>();

  return {
    reasons(state, subject, now) {
      const held = awaited(state, subject, now);
      if (held === null) return standing(state, subject, now);
      schedule(held.until, (later) => {
        const alarm = book.of(state.project, state.rule.id, subject);
        if (alarm !== undefined) refresh(alarm, later, true);
      });
      return [...standing(state, subject, now), held.by];
    },
    parentChanged(record) {
      const { device } = record.subject;
      const watch = watches.project(record.project);
      if (device === null || watch === undefined) return;
      const by = `alarm:${record.id}`;
      for (const state of watch.dependants.get(record.rule) ?? []) {
        const below = new Set<DeviceId>();
        for (const { rule, of } of state.rule.suppressedBy) {
          if (rule !== record.rule) continue;
          if (of === 'device') below.add(device);
          else for (const child of directory.children(device)) below.add(child);
        }
        for (const one of below) {
          for (const alarm of [...book.ofDevice(one)]) {
            if (alarm.record.rule === state.rule.id && alarm.record.id !== record.id) suppress(alarm, by, record.active, record.updatedAt);
          }
        }
      }
    },
    ruleChanged(state, now) {
      for (const alarm of [...book.ofRule(state.project, state.rule.id)]) refresh(alarm, now);
      watchCalendar(state, now);
    },
    maintenanceChanged(maintenance, on, now) {
      const { window } = maintenance;
      if (on && window.to > now) {
        maintenances.set(window.id, maintenance);
        if (window.from > now) schedule(window.from, (later) => maintained(maintenance, later));
        schedule(window.to, (later) => {
          maintenances.delete(window.id);
          maintained(maintenance, later);
        });
      } else maintenances.delete(window.id);
      maintained(maintenance, now);
    },
    refresh,
  };

  function refresh(alarm: LiveAlarm, now: number, release = false): void {
    const { record } = alarm;
    const state = watches.project(record.project)?.states.get(record.rule);
    const wanted = new Set(state === undefined ? maintenanceReasons(record.project, record.subject, now) : standing(state, record.subject, now, record.id));
    const ofOthers = record.suppressedBy.filter((by) => by !== BY_OPERATOR && (release || !by.startsWith(AWAITING)));
    // First what is new: between two reasons nobody is told.
    for (const by of wanted) if (!ofOthers.includes(by)) suppress(alarm, by, true, now);
    for (const by of ofOthers) if (!wanted.has(by)) suppress(alarm, by, false, now);
  }

  function standing(state: RuleState, subject: AlarmSubject, now: number, self: string | null = null): string[] {
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
    const reasons: string[] = [];
    for (const { window, scope } of maintenances.values()) {
      if (window.project === project && window.from <= now && now < window.to && covers(scope, subject)) reasons.push(`maintenance:${window.id}`);
    }
    return reasons;
  }

  function covers(scope: Scope, subject: AlarmSubject): boolean {
    // A group is under maintenance with what is above it.
    if (subject.device === null) return scope.groups.some((group) => subject.group === group || subject.group?.startsWith(`${group}/`));
    const device = directory.device(subject.device)?.device;
    if (device === undefined || !matchesDevice(scope, device)) return false;
    return scope.points.length === 0 || (subject.point !== null && matchesPoint(scope, subject.point));
  }

  function above(subject: AlarmSubject, of: 'parent' | 'device'): DeviceId | null {
    if (subject.device === null || of === 'device') return subject.device;
    return directory.device(subject.device)?.device.parent ?? null;
  }

  /** A parent that has been silent for the larger part of the time after which it is found silent is waited for. */
  function awaited(state: RuleState, subject: AlarmSubject, now: number): { readonly by: string; readonly until: number } | null {
    // What was suppressed when it was raised acts on nothing: a rule that acts does not wait.
    if (state.rule.actions.length > 0) return null;
    for (const { rule, of } of state.rule.suppressedBy) {
      const device = above(subject, of);
      const suppressor = watches.project(state.project)?.states.get(rule);
      if (device === null || suppressor === undefined || suppressor === state) continue;
      const look = nextLook(suppressor, device, now);
      if (look === null || look.active) continue;
      const waitMs = look.dueAt - now;
      if (waitMs <= AWAITED_MAX_MS && waitMs < look.silentMs) return { by: `${AWAITING}${rule}`, until: Math.max(look.dueAt, now) + 1 };
    }
    return null;
  }

  function watchCalendar(state: RuleState, now: number): void {
    const { calendar } = state.rule;
    const next = calendar === null ? null : nextChange(calendar, now);
    if (next === null) return;
    schedule(next, (later) => {
      // Another version of the rule has a calendar of its own.
      if (watches.project(state.project)?.states.get(state.rule.id) !== state) return;
      for (const alarm of [...book.ofRule(state.project, state.rule.id)]) refresh(alarm, later);
      watchCalendar(state, later);
    });
  }

  function maintained({ window, scope }: Maintenance, now: number): void {
    for (const alarm of [...book.ofProject(window.project)]) {
      const isNamed = alarm.record.suppressedBy.includes(`maintenance:${window.id}`);
      if (isNamed || covers(scope, alarm.record.subject)) refresh(alarm, now);
    }
  }

  function suppress(alarm: LiveAlarm, by: string, on: boolean, time: number): void {
    const { record } = alarm;
    const state = watches.project(record.project)?.states.get(record.rule);
    const surroundings = state === undefined ? surroundingsFrom(record) : { ...surroundingsOf(state, record.subject, false), origin: record.origin };
    keeper.apply(surroundings, { kind: 'suppression', time, by, on });
  }
}
