import { nextDueAt } from '../alarms/state/facts.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import { createTurns } from '../fleet/turns.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { AlarmBook, LiveAlarm } from './alarm-book.ts';
import { type AlarmKeeper, surroundingsFrom } from './alarm-keeper.ts';
import type { Clockwork } from './clockwork.ts';
import type { KnownRules } from './known-rules.ts';
import type { Ledger } from './ledger.ts';
import type { HotMaintenances } from './maintenances.ts';
import type { HotRules } from './rules.ts';
import type { SampleEvaluator } from './sample-evaluator.ts';
import type { ReadMaintenanceScope, Suppression } from './suppression.ts';
import type { RuleState } from './tracked.ts';
import type { WarmUp } from './warm-up.ts';
import { isWatched, type Watches } from './watches.ts';

/** Brings a hub that starts to where the last run was: its alarms, then its evaluations. */
export interface StartUp {
  /** What people may ask for at once: the live alarms and the rules in force. */
  load(): Promise<void>;
  /** What samples need: takes as long as reading what all points reported last. */
  goOn(): Promise<void>;
}

export interface StartUpPorts {
  readonly directory: Directory;
  readonly storage: Pick<AlarmStorage, 'awakeAt' | 'alarms' | 'evaluations'>;
  /** Resolves when the directory holds the newest values. */
  readonly latestKnown: () => Promise<void>;
  readonly rules: HotRules;
  readonly known: KnownRules;
  readonly maintenances: HotMaintenances;
  readonly readScope: ReadMaintenanceScope;
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly watches: Watches;
  readonly evaluator: SampleEvaluator;
  readonly clockwork: Clockwork;
  readonly suppression: Suppression;
  readonly warmUp: WarmUp;
  readonly ledger: Ledger;
  readonly stateFor: (project: ProjectId, rule: RuleState['rule']) => RuleState;
  readonly withdraw: (alarm: LiveAlarm, reason: string) => void;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly clock: () => number;
  readonly log: Log;
}

export function createStartUp(ports: StartUpPorts): StartUp {
  const { directory, storage, rules, known, maintenances, book, keeper, watches, evaluator, clockwork, suppression, warmUp, ledger, clock, log } = ports;
  const historical: AlarmRecord[] = [];
  const states: RuleState[] = [];

  return {
    async load() {
      const now = clock();
      const awakeAt = await storage.awakeAt();
      evaluator.slept(Math.min(awakeAt ?? now, now), now);
      await makeRoom(now);
      for (const record of await storage.alarms.live()) {
        if (record.historical) historical.push(record);
        else book.put(record);
      }
      for (const project of rules.projects()) {
        for (const rule of rules.inForce(project)) if (rule.runsAt === 'hub') states.push(ports.stateFor(project, rule));
      }
      watches.install(states);
    },
    async goOn() {
      const now = clock();
      for (const window of maintenances.all()) {
        const scope = ports.readScope(window.scope);
        if (scope !== null) await suppression.maintenanceChanged({ window, scope }, true, now);
      }
      if (states.length > 0) {
        await ports.latestKnown().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'alarm rules start without the newest values'));
        await warmUp.start(states, storage.evaluations.all(), ({ project, rule, subject }) =>
          ledger.evaluation(`${project} ${rule} ${subject}`, { project, rule, subject }),
        );
      }
      await allComeBack();
      for (const state of states) await suppression.ruleChanged(state, now);
      for (const project of rules.projects()) for (const edge of known.atEdge(project)) await suppression.ruleChanged(edge, now);
      for (const record of historical.splice(0)) end(record);
      await ledger.commit().catch(() => undefined);
    },
  };

  async function allComeBack(): Promise<void> {
    const turns = createTurns();
    for (const alarm of [...book.all()]) {
      if (alarm.record.closedAt === null) await comeBack(alarm);
      if (turns.isOver()) await turns.next();
    }
  }

  /** There is one live alarm of a rule and subject: one that cannot be read would keep the next from being written, for ever. */
  async function makeRoom(now: number): Promise<void> {
    const unreadable = await storage.alarms.unreadable();
    if (unreadable.length === 0) return;
    log.warn({ alarms: unreadable.slice(0, 100), count: unreadable.length }, 'live alarms cannot be read and are set aside: what still holds is raised anew');
    await ports
      .commit([storage.alarms.setAside(unreadable, now)])
      .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'they could not be set aside'));
  }

  /** A live alarm of the last run. */
  async function comeBack(alarm: LiveAlarm): Promise<void> {
    const { project, rule: id, subject, origin } = alarm.record;
    const state = watches.project(project)?.states.get(id);
    const rule = known.of(project, id) === undefined ? rules.find(project, id) : undefined;
    if (subject.device !== null && directory.device(subject.device)?.device.project !== project) ports.withdraw(alarm, 'the device is gone');
    else if (state !== undefined && !isWatched(state, subject, directory)) ports.withdraw(alarm, 'the rule does not watch it any more');
    // A rule that cannot be read is not gone, and one that only the gateway knows never was there: their alarms stay as they were.
    else if (rule === null ? origin === 'hub' : rule?.enabled === false) ports.withdraw(alarm, 'the rule is not in force');
    else {
      clockwork.wake(alarm, nextDueAt(alarm.record));
      if (rule === undefined) await suppression.comeBack(alarm, clock());
    }
  }

  /** Nobody goes on with late data of before. */
  function end(record: AlarmRecord): void {
    const { updatedAt: time, message } = record;
    keeper.apply(surroundingsFrom(record), { kind: 'level', time, level: null, value: null, message, explanation: 'the late data end here' }, record);
  }
}
