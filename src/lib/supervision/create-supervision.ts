import type { Rule, Scope } from '../alarms/rule.ts';
import { nextDueAt } from '../alarms/state/facts.ts';
import type { Settings } from '../config/settings.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { Actor } from '../domain/event.ts';
import type { DeviceId, ProjectId, SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { MaintenanceWindow } from '../domain/rule-record.ts';
import type { JsonValue } from '../domain/value.ts';
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
import { createAlarmKeeper, surroundingsFrom, surroundingsOf } from './alarm-keeper.ts';
import { createAlarmService } from './alarm-service.ts';
import { createClockwork } from './clockwork.ts';
import { createCommands, type SendCommand } from './commands.ts';
import { createEdgeReports } from './edge-reports.ts';
import { createLateData } from './late-data.ts';
import { createLedger } from './ledger.ts';
import type { HotMaintenances } from './maintenances.ts';
import { createRuleState } from './rule-state.ts';
import type { HotRules, RuleChange } from './rules.ts';
import { createSampleEvaluator } from './sample-evaluator.ts';
import type { Supervision } from './supervision.ts';
import { createSuppression, type Ruled, type Suppression } from './suppression.ts';
import type { RuleState } from './tracked.ts';
import { createWarmUp } from './warm-up.ts';
import { createWatches, isWatched } from './watches.ts';

/** The hub's downtime is known to so many ms, and what changes with each sample is saved so often. */
const MARK_EVERY_MS = 5_000;
const FAILURE_TOLD_EVERY_MS = 60_000;

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
  /** In the order of the calls, and in order with messages that carry alarm changes. */
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly recorder: Pick<EventRecorder, 'complete' | 'record'>;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly notifier: Notifier;
  readonly rules: HotRules;
  readonly maintenances: HotMaintenances;
  /** Reads the scope of a maintenance window; null: an older release wrote it, and this one cannot read it. */
  readonly readScope: (scope: JsonValue) => Scope | null;
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
  /** From now on, what rules do is sent. */
  sendCommands(send: SendCommand): void;
  /** Does what is due now. For tests. */
  advance(): void;
  /** Resolves when all that was found so far is on disk. */
  settled(): Promise<void>;
}

export function createSupervision(ports: SupervisionPorts): HotSupervision {
  const { settings, directory, storage, rules, maintenances, recorder, clock, log } = ports;
  const book = createAlarmBook();
  const watches = createWatches(settings['limits.evaluations']);
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
    storage: storage.commands,
    ledger: () => ledger,
    commit: ports.commit,
    directory,
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
  /** By the list that the rules give, which is another one after each change. */
  const edges = new WeakMap<readonly Rule[], readonly Ruled[]>();
  const failedAt = new Map<string, number>();
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
    ruleOf,
    edgeRules,
  });
  const warmUp = createWarmUp({
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
  const service = createAlarmService({
    book,
    keeper,
    ledger,
    watches,
    rules,
    storage,
    directory,
    clock,
    closed: ports.closed,
    shelveMaxMs: settings['alarms.shelve-max-ms'],
  });
  const reported = createEdgeReports({
    rules,
    directory,
    storage,
    async applyEdge(surroundings, input) {
      const { project, rule, subject } = surroundings;
      // A record that is closed with it is in no book any more.
      const whole = { ...surroundings, origin: 'edge', historical: false } as const;
      const known = ruleOf(project, rule.id);
      if (input.kind === 'level' && input.level !== null && book.of(project, rule.id, subject) === undefined && known !== undefined)
        keeper.hide(whole, known, input.time);
      const record = keeper.apply(whole, input);
      await ledger.commit();
      return record ?? book.of(project, rule.id, subject)?.record ?? null;
    },
    liveOf: (project, rule, subject) => book.of(project, rule, subject)?.record ?? null,
    live: service.live,
    earliestTime: Date.parse(settings['ingest.earliest-time']),
    futureMaxMs: settings['ingest.future-max-ms'],
  });
  let timer: NodeJS.Timeout | null = null;
  let started = false;
  let stopping: Promise<void> | null = null;

  return {
    evaluator,
    rules,
    maintenances,
    alarms: { ...service, reported },
    counts: () => ({
      rules: [...watches.projects()].reduce((sum, { states }) => sum + states.size, 0),
      rulesFailing: rules.failing,
      pointsWatched: [...watches.projects()].reduce((sum, { bound }) => sum + bound, 0),
      alarmsLive: book.size,
      alarmsActive: book.active,
      alarmsUnacked: book.unacked,
      timers: clockwork.timers,
      samplesEvaluated: evaluator.evaluated,
      transitions: keeper.transitions,
      uncommitted: ledger.uncommitted,
      evaluations: watches.held,
      lateEvaluations: late.shadows,
      scriptsWaiting: evaluator.scriptsWaiting,
      commandsWaiting: commands.waiting,
      commandsSent: commands.sent,
      dropped: {
        alarms: keeper.refused,
        evaluations: watches.refused,
        late: late.skipped,
        scripts: evaluator.scriptsSkipped,
        commands: commands.dropped,
        events: ledger.dropped,
      },
    }),
    inspect(project, rule, subject) {
      const tracked = [...(watches.project(project)?.states.get(rule)?.tracked.values() ?? [])].find(
        ({ subject: own }) => own.device === subject.device && own.point === subject.point && own.group === subject.group,
      );
      if (tracked === undefined) return null;
      const { evaluation, state } = tracked;
      const levelOf = (index: number) => (index <= 0 ? null : (state.rule.condition.levels[index - 1] ?? null));
      const { pending, lastTime } = evaluation;
      return {
        level: levelOf(evaluation.level),
        pending:
          pending === null ? null : { level: levelOf(pending.finding), since: pending.since, dueAt: Number.isFinite(pending.dueAt) ? pending.dueAt : null },
        explanation: evaluation.explain(),
        lastTime: Number.isFinite(lastTime) ? lastTime : null,
      };
    },
    deviceChanged,
    deviceSeen(device) {
      for (const tracked of [...watches.ofDevice(device)]) {
        if (!tracked.state.timed || tracked.subject.point !== null || tracked.evaluation.level === 0) continue;
        const now = clock();
        evaluator.take(tracked, tracked.evaluation.sample(0, now, null), now);
      }
      commitSoon();
    },
    seriesRemoved(series) {
      for (const one of series) watches.forget(one);
    },
    ruleChanged,
    async maintenanceChanged(window, on) {
      const scope = ports.readScope(window.scope);
      if (scope !== null) suppression.maintenanceChanged({ window, scope }, on, clock());
      await written();
    },
    sendCommands: (send) => commands.start(send),
    advance() {
      clockwork.advance();
      commitSoon();
    },
    settled: () => ledger.settled(),
    async start() {
      await rules.load();
      await maintenances.load();
      await commands.load();
      await restore();
      clockwork.start();
      started = true;
      timer = setInterval(mark, MARK_EVERY_MS);
      timer.unref();
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };

  async function restore(): Promise<void> {
    const now = clock();
    const awakeAt = await storage.awakeAt();
    evaluator.slept(Math.min(awakeAt ?? now, now), now);
    await makeRoom(now);
    const historical: AlarmRecord[] = [];
    for (const record of await storage.alarms.live()) {
      if (record.historical) historical.push(record);
      else book.put(record);
    }
    const states: RuleState[] = [];
    for (const project of rules.projects()) {
      for (const rule of rules.inForce(project)) {
        if (rule.runsAt === 'edge') continue;
        const state = inForce(project, rule);
        states.push(state);
        watches.replace(project, rule.id, state);
      }
    }
    for (const window of maintenances.all()) {
      const scope = ports.readScope(window.scope);
      if (scope !== null) suppression.maintenanceChanged({ window, scope }, true, now);
    }
    if (states.length > 0) {
      await ports.latestKnown().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'alarm rules start without the newest values'));
      await warmUp.start(states, storage.evaluations.all(), (saved) => ledger.evaluation(`${saved.project} ${saved.rule} ${saved.subject}`, saved));
    }
    for (const alarm of [...book.all()]) await comeBack(alarm);
    for (const state of states) suppression.ruleChanged(state, now);
    for (const project of rules.projects()) for (const edge of edgeRules(project)) suppression.ruleChanged(edge, now);
    // Nobody goes on with late data of before.
    for (const record of historical) {
      const input = {
        kind: 'level',
        time: record.updatedAt,
        level: null,
        value: null,
        message: record.message,
        explanation: 'the late data end here',
      } as const;
      keeper.apply(surroundingsFrom(record), input, record);
    }
    await written();
  }

  /** Of the hub, or of an edge whose rule the hub knows. */
  function ruleOf(project: ProjectId, id: string): Ruled | undefined {
    return watches.project(project)?.states.get(id) ?? edgeRules(project).find(({ rule }) => rule.id === id);
  }

  function edgeRules(project: ProjectId): readonly Ruled[] {
    const all = rules.inForce(project);
    let known = edges.get(all);
    if (known === undefined) {
      known = all.filter((rule) => rule.runsAt === 'edge').map((rule) => ({ project, rule }));
      edges.set(all, known);
    }
    return known;
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
    const { record } = alarm;
    const { project, rule: id, subject, origin } = record;
    const state = watches.project(project)?.states.get(id);
    const device = subject.device === null ? undefined : directory.device(subject.device);
    if (subject.device !== null && device?.device.project !== project) withdraw(alarm, 'the device is gone', 'hub');
    else if (origin === 'edge' && rules.list(project).every((each) => each.id !== id)) clockwork.wake(alarm, nextDueAt(record));
    else if (state === undefined && !rules.inForce(project).some((rule) => rule.id === id && rule.runsAt === 'edge')) {
      // A rule that cannot be read is not gone: its alarms stay as they were.
      if (rules.list(project).some((each) => each.id === id && each.enabled)) clockwork.wake(alarm, nextDueAt(record));
      else withdraw(alarm, 'the rule is not in force', 'hub');
    } else if (state !== undefined && !isWatched(state, subject, directory)) withdraw(alarm, 'the rule does not watch it any more', 'hub');
    else {
      clockwork.wake(alarm, nextDueAt(record));
      await suppression.comeBack(alarm, clock());
    }
  }

  async function ruleChanged({ project, id, after, reason, actor }: RuleChange): Promise<void> {
    const state = after === null || after.runsAt === 'edge' ? null : inForce(project, after);
    // Its windows are filled before it is in force, so that no sample comes between.
    if (state !== null) await warmUp.fill(state);
    const before = watches.replace(project, id, state);
    for (const alarm of [...book.ofRule(project, id)]) {
      const { record } = alarm;
      const stays = state !== null ? isWatched(state, record.subject, directory) : after !== null && record.origin === 'edge';
      if (!stays) withdraw(alarm, state === null ? reason : 'the rule does not watch it any more', actor);
    }
    if (state !== null) await warmUp.adopt(state, before);
    for (const tracked of [...(before?.tracked.values() ?? [])]) {
      clockwork.wake(tracked, Number.POSITIVE_INFINITY);
      watches.drop(tracked);
      ledger.evaluation(`${project} ${id} ${tracked.key}`, { project, rule: id, subject: tracked.key });
    }
    const ruled = ruleOf(project, id);
    if (ruled !== undefined) suppression.ruleChanged(ruled, clock());
    await written();
  }

  function deviceChanged(id: DeviceId): void {
    const now = clock();
    const entry = directory.device(id);
    if (entry !== undefined) watches.unbind(entry);
    for (const tracked of [...watches.ofDevice(id)]) {
      if (isWatched(tracked.state, tracked.subject, directory)) continue;
      clockwork.wake(tracked, Number.POSITIVE_INFINITY);
      watches.drop(tracked);
      const { state, key } = tracked;
      ledger.evaluation(`${state.project} ${state.rule.id} ${key}`, { project: state.project, rule: state.rule.id, subject: key });
    }
    for (const alarm of [...book.ofDevice(id)]) {
      const { record } = alarm;
      const state = watches.project(record.project)?.states.get(record.rule);
      if (entry === undefined || entry.device.project !== record.project) withdraw(alarm, 'the device is deleted', 'hub');
      else if (state !== undefined && !isWatched(state, record.subject, directory)) withdraw(alarm, 'the rule does not watch it any more', 'hub');
      else suppression.refresh(alarm, now);
    }
    warmUp.deviceChanged(id);
    commitSoon();
  }

  function withdraw(alarm: LiveAlarm, reason: string, actor: Actor): void {
    const { record } = alarm;
    const state = watches.project(record.project)?.states.get(record.rule);
    const surroundings = state === undefined ? surroundingsFrom(record) : { ...surroundingsOf(state, record.subject, false), origin: record.origin };
    keeper.apply(surroundings, { kind: 'withdrawn', time: clock(), reason, actor });
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

  function inForce(project: ProjectId, rule: Rule): RuleState {
    const state = createRuleState(project, rule);
    const { failures } = rule.condition;
    if (failures !== undefined) failures.listener = (reason) => ruleFailed(state, reason);
    return state;
  }

  function ruleFailed(state: RuleState, error: unknown): void {
    const { project, rule } = state;
    const key = `${project} ${rule.id}`;
    const now = clock();
    if (now - (failedAt.get(key) ?? Number.NEGATIVE_INFINITY) < FAILURE_TOLD_EVERY_MS) return;
    failedAt.set(key, now);
    log.error({ project, rule: rule.id, reason: messageOf(error) }, 'a rule failed on a sample');
    recorder.record({
      ...{ project: project as ProjectId, time: now, kind: 'rule.failed', actor: 'hub', severity: null, device: null, point: null, alarm: null, rule: rule.id },
      text: `The rule ${rule.id} failed: ${messageOf(error)}`,
      details: { version: rule.version, reason: messageOf(error) },
    });
  }

  function commitSoon(): void {
    if (!ledger.isEmpty) written().catch(() => undefined);
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
    commands.stop();
    evaluator.saveAll();
    await ledger.stop().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'changes of alarms were not written'));
    if (started) await ports.commit([storage.awake(clock())]).catch(() => undefined);
  }
}
