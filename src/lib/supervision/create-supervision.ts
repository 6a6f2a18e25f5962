import { setTimeout as pause } from 'node:timers/promises';
import type { Rule } from '../alarms/rule.ts';
import { nextDueAt } from '../alarms/state/facts.ts';
import type { Settings } from '../config/settings.ts';
import type { Control } from '../control/control.ts';
import type { DeviceId, ProjectId, SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { MaintenanceWindow } from '../domain/rule-record.ts';
import { type MusterError, messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Presence } from '../fleet/presence.ts';
import type { Notifier } from '../notifications/notifier.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import { createAlarmBook, type LiveAlarm } from './alarm-book.ts';
import { createAlarmKeeper, surroundingsFrom } from './alarm-keeper.ts';
import { createAlarmService } from './alarm-service.ts';
import { createCatchUp } from './catch-up.ts';
import { createChanges } from './changes.ts';
import { createClockwork } from './clockwork.ts';
import { createCommands } from './commands.ts';
import { createEdgeAlarms } from './edge-alarms.ts';
import { createEdgeReports } from './edge-reports.ts';
import { inspect } from './inspect.ts';
import { createKnownRules } from './known-rules.ts';
import { createLateData } from './late-data.ts';
import { createLedger } from './ledger.ts';
import type { HotMaintenances } from './maintenances.ts';
import { createRuleFailures } from './rule-failures.ts';
import { createRuleState } from './rule-state.ts';
import type { HotRules, RuleChange } from './rules.ts';
import { believed, createSampleEvaluator } from './sample-evaluator.ts';
import { createStartUp } from './start-up.ts';
import type { Supervision } from './supervision.ts';
import { supervisionCounts } from './supervision-counts.ts';
import { createSuppression, type ReadMaintenanceScope, type Suppression } from './suppression.ts';
import type { RuleState } from './tracked.ts';
import { createWarmUp, type WarmUp } from './warm-up.ts';
import { createWatches } from './watches.ts';

/** The hub's downtime is known to so many ms, and what changes with each sample is saved so often. */
const MARK_EVERY_MS = 5_000;
const EVENTS_TOGETHER = 1_000;
/** A hub has restored all before it lets anybody in. One with very many points would keep its devices waiting for that: it lets them in, and catches up. */
const START_WAIT_MS = 10_000;
const MANY_POINTS = 200_000;
const START_WAIT_OF_MANY_MS = 1_000;

export interface SupervisionPorts {
  readonly settings: Pick<
    Settings,
    | 'limits.alarms-live-per-project'
    | 'limits.evaluations'
    | 'limits.late-evaluations'
    | 'limits.scripts-waiting'
    | 'limits.alarm-events-waiting'
    | 'limits.alarm-history-samples'
    | 'alarms.shelve-max-ms'
    | 'ingest.earliest-time'
    | 'ingest.late-after-ms'
    | 'ingest.future-max-ms'
  >;
  readonly directory: Directory;
  readonly presence: Pick<Presence, 'status'>;
  readonly storage: AlarmStorage;
  readonly samples: Pick<SampleStore, 'read'>;
  /** Resolves when the directory holds the newest values. */
  readonly latestKnown: () => Promise<void>;
  /** Longest wait for them at a start; afterwards devices are let in all the same. */
  readonly startWaitMs?: number;
  /** In the order of the calls, and in order with messages that carry alarm changes. */
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly recorder: Pick<EventRecorder, 'complete' | 'record'>;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly notifier: Notifier;
  /** What rules ask of devices goes through it. */
  readonly control: Pick<Control, 'plan'>;
  readonly rules: HotRules;
  readonly maintenances: HotMaintenances;
  readonly readScope: ReadMaintenanceScope;
  /** Why nothing may be written at the moment; null: write. */
  readonly closed: () => MusterError | null;
  readonly clock: () => number;
  readonly log: Log;
}

/** The engine, as the composition root has it. */
export interface HotSupervision extends Supervision {
  ruleChanged(change: RuleChange): Promise<void>;
  maintenanceChanged(window: MaintenanceWindow, on: boolean): Promise<void>;
  /** A device has connected: it is silent no longer. */
  deviceSeen(device: DeviceId): void;
  /** Their points are gone. */
  seriesRemoved(series: readonly SeriesId[]): void;
  /** Does what is due now. For tests. */
  advance(): void;
  /** Resolves when all that was found so far is on disk. */
  settled(): Promise<void>;
}

export function createSupervision(ports: SupervisionPorts): HotSupervision {
  const { settings, directory, storage, rules, maintenances, recorder, clock, log } = ports;
  const book = createAlarmBook();
  const watches = createWatches(
    settings['limits.evaluations'],
    (tracked) => warmUp.follow(tracked),
    (device) => directory.membershipOf(device),
    () => believed(Number.POSITIVE_INFINITY, clock()),
  );
  const known = createKnownRules({ rules, watches });
  const ruleFailed = createRuleFailures({ recorder, clock, log });
  const clockwork = createClockwork({
    clock,
    onTracked: (tracked, now) => evaluator.elapsed(tracked, now),
    onAlarm: timePassed,
    onTurn: commitSoon,
    onError: (error) => log.error({ reason: messageOf(error) }, 'a timer of the alarm engine failed'),
  });
  const ledger = createLedger({
    storage,
    commit: ports.commit,
    stream: ports.stream,
    notifier: ports.notifier,
    savedState: ({ project, rule, subject }) => watches.project(project)?.states.get(rule)?.tracked.get(subject)?.evaluation.save() ?? null,
    eventsWaitingMax: settings['limits.alarm-events-waiting'],
    log,
  });
  const commands = createCommands({
    control: ports.control,
    ledger: () => ledger,
    onFailed: ruleFailed,
    stateOf: (project, rule) => watches.project(project)?.states.get(rule),
    clock,
    log,
  });
  const keeper = createAlarmKeeper({
    directory,
    book,
    ledger,
    recorder,
    notifier: ports.notifier,
    commands,
    reasons: (state, subject, now) => suppression.reasons(state, subject, now),
    onActive: (record) => suppression.activeChanged(record),
    wake: (alarm, at) => clockwork.wake(alarm, at),
    liveMax: settings['limits.alarms-live-per-project'],
    clock,
  });
  const late = createLateData({ keeper, shadowsMax: settings['limits.late-evaluations'] });
  const evaluator = createSampleEvaluator({
    directory,
    presence: ports.presence,
    watches,
    keeper,
    ledger,
    clockwork,
    late,
    clock,
    scriptQueueMax: settings['limits.scripts-waiting'],
    onFailed: ruleFailed,
  });
  const suppression: Suppression = createSuppression({
    directory,
    book,
    keeper,
    watches,
    events: storage.events,
    schedule: clockwork.schedule,
    nextLook: evaluator.look,
    ruleOf: known.of,
    edgeRules: known.atEdge,
    onTurn: commitSoon,
    onError: (error) => log.error({ reason: messageOf(error) }, 'alarms could not be suppressed'),
    clock,
  });
  const warmUp: WarmUp = createWarmUp({
    directory,
    samples: ports.samples,
    watches,
    book,
    keeper,
    evaluator,
    clock,
    lateAfterMs: settings['ingest.late-after-ms'],
    samplesMax: settings['limits.alarm-history-samples'],
    log,
  });
  const changes = createChanges({ directory, book, keeper, watches, evaluator, suppression, warmUp, known, stateFor, onTurn: commitSoon, clock });
  const startUp = createStartUp({
    ...{ directory, storage, latestKnown: ports.latestKnown, rules, known, maintenances, readScope: ports.readScope, book, keeper, watches, evaluator },
    ...{ clockwork, suppression, warmUp, ledger, stateFor, withdraw: changes.withdraw, commit: ports.commit, clock, log },
  });
  const catchUp = createCatchUp({ evaluator, directory, commit: ports.commit });
  const service = createAlarmService({
    ...{ book, keeper, ledger, watches, rules, storage, directory, clock },
    closed: ports.closed,
    shelveMaxMs: settings['alarms.shelve-max-ms'],
  });
  const reported = createEdgeReports({
    rules,
    directory,
    storage,
    applyEdge: createEdgeAlarms({ book, keeper, ledger, known }),
    liveOf: (project, rule, subject) => book.of(project, rule, subject)?.record ?? null,
    live: service.live,
    earliestTime: Date.parse(settings['ingest.earliest-time']),
    futureMaxMs: settings['ingest.future-max-ms'],
  });
  let timer: NodeJS.Timeout | null = null;
  let ready: Promise<void> = Promise.resolve();
  let isReady = false;
  /** Devices that changed before the evaluations were there. */
  const changedEarly = new Set<DeviceId>();
  let stopping: Promise<void> | null = null;

  return {
    evaluator: catchUp,
    rules,
    maintenances,
    alarms: { ...service, reported },
    counts: () => supervisionCounts({ watches, rules, book, clockwork, evaluator, keeper, ledger, late, commands, catchUp }),
    inspect: (project, rule, subject) => inspect(watches, project, rule, subject),
    deviceChanged(device) {
      if (isReady) changes.deviceChanged(device);
      else changedEarly.add(device);
    },
    deviceSeen(device) {
      evaluator.seen(device);
      commitSoon();
    },
    seriesRemoved(series) {
      for (const one of series) watches.forget(one);
    },
    async ruleChanged(change) {
      await ready;
      await changes.ruleChanged(change);
      await written();
    },
    async maintenanceChanged(window, on) {
      await ready;
      const scope = ports.readScope(window.scope);
      if (scope !== null) await suppression.maintenanceChanged({ window, scope }, on, clock());
      await written();
    },
    advance() {
      clockwork.advance();
      commitSoon();
    },
    settled: () => ledger.settled(),
    async start() {
      await rules.load();
      await maintenances.load();
      await startUp.load();
      catchUp.begin();
      ready = goOn();
      let points = 0;
      for (const project of directory.projects.keys()) points += directory.pointCount(project);
      await Promise.race([ready, pause(points > MANY_POINTS ? START_WAIT_OF_MANY_MS : (ports.startWaitMs ?? START_WAIT_MS), undefined, { ref: false })]);
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };

  /** Where the last run was; then what came meanwhile. */
  async function goOn(): Promise<void> {
    try {
      await startUp.goOn();
    } catch (error: unknown) {
      log.error({ reason: messageOf(error) }, 'the evaluations of the last run could not be restored: they begin anew');
    }
    if (stopping !== null) return;
    isReady = true;
    for (const device of changedEarly) changes.deviceChanged(device);
    changedEarly.clear();
    await catchUp.end();
    clockwork.start();
    timer = setInterval(mark, MARK_EVERY_MS);
    timer.unref();
  }

  function timePassed(alarm: LiveAlarm, now: number): void {
    const { record } = alarm;
    if (record.closedAt !== null) return;
    const state = watches.project(record.project)?.states.get(record.rule);
    const rule = state?.rule ?? rules.compiled(record.project, record.rule);
    const plain = surroundingsFrom(record);
    const done = keeper.apply(rule === null ? plain : { ...plain, rule }, { kind: 'time', time: now });
    if (done === null) clockwork.wake(alarm, nextDueAt(record) <= now ? now + 1_000 : nextDueAt(record));
  }

  function stateFor(project: ProjectId, rule: Rule): RuleState {
    const state = createRuleState(project, rule);
    const { failures } = rule.condition;
    if (failures !== undefined) failures.listener = (reason) => ruleFailed(state, reason);
    return state;
  }

  /** Of what goes on and on, much together. */
  function commitSoon(isLast = true): void {
    if (isLast ? !ledger.isEmpty : ledger.noted >= EVENTS_TOGETHER) written().catch(() => undefined);
  }

  /** What cannot be written now is written later: memory holds it. */
  async function written(): Promise<void> {
    await ledger.commit().catch(() => undefined);
  }

  function mark(): void {
    const now = clock();
    evaluator.saveAll();
    late.sweep(now);
    commitSoon();
    // Nobody's silence is watched.
    if ([...watches.projects()].length === 0) return;
    ports.commit([storage.awake(now)]).catch((error: unknown) => log.debug({ reason: messageOf(error) }, 'the mark of being awake could not be written'));
  }

  async function stop(): Promise<void> {
    if (timer !== null) clearInterval(timer);
    clockwork.stop();
    evaluator.saveAll();
    await ledger.stop().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'changes of alarms were not written'));
    if (timer !== null) await ports.commit([storage.awake(clock())]).catch(() => undefined);
  }
}
