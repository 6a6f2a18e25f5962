import { setImmediate as nextTurn } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { type Command, type CommandState, isSettled } from '../domain/command.ts';
import type { HubEvent } from '../domain/event.ts';
import type { CommandId, JobId, ProjectId } from '../domain/ids.ts';
import { emptySummary, failuresOf, type JobDevice, type JobDeviceState, type JobState } from '../domain/job.ts';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { Directory } from '../fleet/directory.ts';
import { CommitError, type Statement } from '../storage/commit-log.ts';
import type { JobDeviceChange, JobRecord, JobStorage } from '../storage/job-storage.ts';
import { createBite } from './bite.ts';
import { checkWish } from './check-commands.ts';
import type { ConfigPlanner, ConfigToSend } from './config-planner.ts';
import type { Control } from './control.ts';
import { devicesToAsk } from './job-devices.ts';
import { type JobEventKind, jobEvent } from './job-events.ts';
import { nextStep } from './job-stages.ts';
import { besides, wishesOf } from './job-wishes.ts';
import type { Jobs, NewJob } from './jobs.ts';
import { isHubFull } from './plan-commands.ts';

/** Of one transaction. Each configuration is a document of its own, read, merged and checked before. */
const ASKED = { least: 100, most: 500, targetMs: 50 };
const CONFIGS_ASKED_MAX = 100;
const CHANGES = { least: 300, most: 2_000, targetMs: 50 };
const DEVICES_MAX = 2_000;
const FLUSH_MS = 200;
/** While the hub takes no more commands, or the disk nothing. */
const RETRY_MS = 1_000;
const STAGES_MAX = 20;

export interface JobsPorts {
  readonly control: Pick<Control, 'planSome' | 'cancel' | 'onChanged'>;
  readonly storage: JobStorage;
  readonly configPlanner: ConfigPlanner;
  readonly directory: Directory;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly insertEvents: (events: readonly HubEvent[]) => Statement;
  readonly complete: (event: NewEvent) => HubEvent;
  readonly publish: (events: readonly HubEvent[]) => void;
  readonly closed: () => MusterError | null;
  readonly limits: { readonly openPerProject: number; readonly concurrencyMax: number; readonly expiryDefaultMs: number; readonly expiryMaxMs: number };
  readonly clock: () => number;
  readonly log: Log;
}

/** The engine, as the composition root has it. */
export interface HotJobs extends Jobs {
  /** Jobs that are not over. */
  readonly open: number;
  /** Reads the jobs of the last run: before the engine of commands starts, so that it hears what becomes of theirs. */
  load(): Promise<void>;
  /** They go on. */
  goOn(): void;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}

/** A job that is not over, in memory. */
interface LiveJob {
  job: JobRecord;
  readonly summary: Record<JobDeviceState, number>;
  /** What is under way, by its command. */
  readonly underWay: Map<CommandId, { readonly place: number; state: JobDeviceState }>;
  /** All up to this place were asked, or looked at. */
  lookedTo: number;
  readonly changed: Map<number, JobDeviceChange>;
  working: Promise<void> | null;
  /** Something has happened since the work that is under way began. */
  again: boolean;
  retry: NodeJS.Timeout | null;
}

export function createJobs(ports: JobsPorts): HotJobs {
  const { control, storage, configPlanner, directory, limits, clock, log } = ports;
  const live = new Map<JobId, LiveJob>();
  /** On their way to the disk. */
  const making = new Map<ProjectId, number>();
  const asked = createBite(ASKED);
  const written = createBite(CHANGES);
  let flushTimer: NodeJS.Timeout | null = null;
  let stopped = false;
  const forget = control.onChanged(changed);

  return {
    fitting: (project, selector) => devicesToAsk(directory, project, selector),
    create,
    async get(project, id) {
      return viewOf(await found(project, id));
    },
    async list(project, page) {
      const { items, cursor } = await storage.list(project, page);
      return { items: items.map(viewOf), cursor };
    },
    async devices(project, id, states, page) {
      await found(project, id);
      return storage.devices(id, states, page);
    },
    start: (project, id, actor) => change(project, id, actor, 'job.started', ['waiting'], { state: 'running', reason: null, startedAt: clock() }),
    pause: (project, id, actor) => change(project, id, actor, 'job.paused', ['running'], { state: 'paused', reason: `${actor} paused it` }),
    async resume(project, id, actor) {
      const one = live.get(id);
      // Somebody has looked at what stopped it.
      const forgiven = one?.job.state === 'stopped' ? failuresOf(one.summary) : (one?.job.forgiven ?? 0);
      return change(project, id, actor, 'job.started', ['paused', 'stopped'], { state: 'running', reason: null, forgiven });
    },
    cancel: (project, id, actor) =>
      change(project, id, actor, 'job.cancelled', ['waiting', 'running', 'paused', 'stopped'], { state: 'cancelled', reason: `${actor} cancelled it` }),
    retry,
    load,
    goOn() {
      for (const one of live.values()) look(one);
    },
    get open() {
      return live.size;
    },
    async stop() {
      stopped = true;
      forget();
      if (flushTimer !== null) clearTimeout(flushTimer);
      for (const one of live.values()) if (one.retry !== null) clearTimeout(one.retry);
      await Promise.all([...live.values()].map(({ working }) => working));
      await flush();
    },
  };

  async function create(project: ProjectId, wish: NewJob, actor: string): Promise<JobRecord> {
    const closed = ports.closed();
    if (closed !== null) throw closed;
    checkJob(wish);
    checkRoom(project);
    making.set(project, (making.get(project) ?? 0) + 1);
    try {
      return await make(project, wish, actor);
    } finally {
      making.set(project, (making.get(project) ?? 1) - 1);
    }
  }

  function checkRoom(project: ProjectId): void {
    let open = making.get(project) ?? 0;
    for (const { job } of live.values()) if (job.project === project) open += 1;
    if (open < limits.openPerProject) return;
    throw new MusterError('limit_reached', `the project has ${limits.openPerProject} jobs that are not over (limits.jobs-open-per-project)`, {
      hint: 'Wait until one is done, or cancel one.',
    });
  }

  async function make(project: ProjectId, wish: NewJob, actor: string): Promise<JobRecord> {
    const devices = await devicesToAsk(directory, project, wish.selector);
    if (devices.length === 0)
      throw new MusterError('not_found', `no device fits ${wish.selector === '' ? 'the selector' : wish.selector}`, {
        hint: 'Try it with `muster device list --selector`.',
      });
    const { expiryMs, ...rest } = wish;
    const now = clock();
    const job: JobRecord = {
      ...rest,
      id: uuidv7() as JobId,
      project,
      state: 'waiting',
      reason: null,
      forgiven: 0,
      expiryMs: expiryMs ?? limits.expiryDefaultMs,
      devices: devices.length,
      createdAt: now,
      createdBy: actor,
      startedAt: null,
      endedAt: null,
      summary: { ...emptySummary(), waiting: devices.length },
    };
    // Bite by bite, so that what others write meanwhile hardly waits; the job itself is last, and makes them its own.
    for (let first = 0; first < devices.length; first += DEVICES_MAX)
      await ports.commit([storage.insertDevices(job.id, first, devices.slice(first, first + DEVICES_MAX))]);
    const event = ports.complete(jobEvent('job.created', job, actor, now));
    await ports.commit([storage.put(job), ports.insertEvents([event])]);
    ports.publish([event]);
    live.set(job.id, asLive(job));
    return job;
  }

  function checkJob(wish: NewJob): void {
    const invalid = (field: string, message: string) => new MusterError('invalid', message, { details: { field } });
    checkWish(wish, limits.expiryMaxMs);
    if (!Number.isSafeInteger(wish.concurrency) || wish.concurrency < 1 || wish.concurrency > limits.concurrencyMax)
      throw invalid('concurrency', `the concurrency is 1 to ${limits.concurrencyMax} (limits.job-concurrency)`);
    const rising = wish.stages.every((percent, index) => percent > (wish.stages[index - 1] ?? 0) && percent <= 100);
    if (!rising || wish.stages.at(-1) !== 100 || wish.stages.length > STAGES_MAX)
      throw invalid('stages', `stages are rising percentages, ${STAGES_MAX} at most, the last one 100: 1, 10, 100`);
    const { failuresMaxPercent: max } = wish;
    if (max !== null && !(max >= 0 && max <= 100)) throw invalid('failuresMaxPercent', 'the share of failures is 0 to 100 percent');
  }

  async function load(): Promise<void> {
    for (const id of storage.orphans()) await removeDevices(id);
    for (const job of storage.open()) {
      // What became of its commands while the last run ended, as the table of commands has it.
      await ports.commit([storage.catchUp(job.id)]);
      const one = asLive({ ...job, summary: storage.summary(job.id) });
      for (const { command, place, state } of storage.underWay(job.id)) if (command !== null) one.underWay.set(command, { place, state });
      live.set(job.id, one);
    }
    if (live.size > 0) log.info({ jobs: live.size }, 'jobs of the last run go on');
  }

  async function removeDevices(id: JobId): Promise<void> {
    for (;;) {
      const { changes } = (await ports.commit([storage.removeDevices(id, DEVICES_MAX)])) as { readonly changes: readonly number[] };
      if ((changes[0] ?? 0) < DEVICES_MAX) return;
    }
  }

  async function change(
    project: ProjectId,
    id: JobId,
    actor: string,
    kind: JobEventKind,
    from: readonly JobState[],
    more: Partial<JobRecord>,
  ): Promise<JobRecord> {
    const stored = await found(project, id);
    const one = live.get(id);
    if (one === undefined || !from.includes(one.job.state)) {
      const state = one?.job.state ?? stored.state;
      throw new MusterError('conflict', `job ${id} is ${state}: only one that is ${from.join(' or ')} can be ${kind.slice('job.'.length)}`);
    }
    await put(one, more, kind, actor);
    look(one);
    return viewOf(one.job);
  }

  async function retry(project: ProjectId, id: JobId, actor: string): Promise<JobRecord> {
    const stored = await found(project, id);
    const known = live.get(id);
    if (known !== undefined && (known.job.state === 'waiting' || known.job.state === 'running' || known.underWay.size > 0))
      throw new MusterError('conflict', `job ${id} is ${known.job.state}, and ${known.underWay.size} of its devices are being asked`, {
        hint: 'Retry what failed once nothing of it is under way: when it is done, stopped, paused or cancelled.',
      });
    await known?.working;
    await flush();
    const before = known?.summary ?? stored.summary;
    const failed = before.rejected + before.expired + before.failed + before.cancelled;
    if (failed === 0) throw new MusterError('conflict', `nothing of job ${id} failed`);
    const one = known ?? asLive(stored);
    const summary = { ...one.summary, waiting: one.summary.waiting + failed, rejected: 0, expired: 0, failed: 0, cancelled: 0 };
    const job: JobRecord = { ...one.job, state: 'running', reason: null, forgiven: 0, endedAt: null, startedAt: one.job.startedAt ?? clock(), summary };
    const event = ports.complete(jobEvent('job.started', job, actor, clock()));
    await ports.commit([storage.retry(id), storage.put(job), ports.insertEvents([event])]);
    ports.publish([event]);
    one.job = job;
    Object.assign(one.summary, summary);
    one.lookedTo = -1;
    live.set(id, one);
    look(one);
    return viewOf(job);
  }

  async function found(project: ProjectId, id: JobId): Promise<JobRecord> {
    const stored = await storage.byId(project, id);
    if (stored === null) throw new MusterError('not_found', `there is no job ${id.slice(0, 60)}`, { hint: 'List them with `muster job list`.' });
    return stored;
  }

  function viewOf(stored: JobRecord): JobRecord {
    const one = live.get(stored.id);
    return one === undefined ? stored : { ...one.job, summary: { ...one.summary } };
  }

  /** The job as it is then, with what has happened to its devices, in one transaction. */
  async function put(one: LiveJob, more: Partial<JobRecord>, kind: JobEventKind, actor: string): Promise<void> {
    const changes = [...one.changed.values()];
    const job: JobRecord = { ...one.job, ...more, summary: { ...one.summary } };
    const event = ports.complete(jobEvent(kind, job, actor, clock()));
    await ports.commit([...(changes.length === 0 ? [] : [storage.changeDevices(changes)]), storage.put(job), ports.insertEvents([event])]);
    for (const each of changes) if (one.changed.get(each.place) === each) one.changed.delete(each.place);
    one.job = job;
    ports.publish([event]);
  }

  /** Told once it is on disk. */
  function changed(command: Command, _before: CommandState | null): void {
    if (command.job === null) return;
    const one = live.get(command.job);
    const known = one?.underWay.get(command.id);
    if (one === undefined || known === undefined || known.state === command.state) return;
    one.summary[known.state] -= 1;
    one.summary[command.state] += 1;
    known.state = command.state;
    one.changed.set(known.place, { job: command.job, place: known.place, state: command.state, reason: command.reason, command: command.id });
    flushLater();
    if (!isSettled(command.state)) return;
    one.underWay.delete(command.id);
    look(one);
  }

  function look(one: LiveJob): void {
    if (stopped) return;
    if (one.working !== null) {
      one.again = true;
      return;
    }
    one.again = false;
    one.working = nextTurn()
      .then(() => work(one))
      .catch((error: unknown) => {
        log.warn({ job: one.job.id, reason: messageOf(error) }, 'a job could not go on; it is tried again');
        tryLater(one);
      })
      .finally(() => {
        one.working = null;
        if (one.again) look(one);
      });
  }

  function tryLater(one: LiveJob): void {
    if (stopped || one.retry !== null) return;
    one.retry = setTimeout(() => {
      one.retry = null;
      look(one);
    }, RETRY_MS);
    one.retry.unref();
  }

  async function work(one: LiveJob): Promise<void> {
    if (one.job.state === 'cancelled') return takeBack(one);
    while (one.job.state === 'running' && !stopped) {
      const step = nextStep(one.job, one.summary);
      if (step.kind === 'wait') return;
      if (step.kind === 'done') return end(one, 'job.done', { state: 'done' });
      if (step.kind === 'stop') return put(one, { state: 'stopped', reason: step.reason }, 'job.stopped', 'hub');
      const most = one.job.kind === 'config' ? Math.min(asked.size, CONFIGS_ASKED_MAX) : asked.size;
      if (!(await ask(one, Math.min(step.devices, most)))) return tryLater(one);
    }
  }

  async function end(one: LiveJob, kind: JobEventKind | null, more: Partial<JobRecord>): Promise<void> {
    const ended = { ...more, endedAt: clock() };
    if (kind !== null) await put(one, ended, kind, 'hub');
    else {
      const changes = [...one.changed.values()];
      const job: JobRecord = { ...one.job, ...ended, summary: { ...one.summary } };
      await ports.commit([...(changes.length === 0 ? [] : [storage.changeDevices(changes)]), storage.put(job)]);
      one.job = job;
    }
    live.delete(one.job.id);
  }

  /** It was cancelled: so is what is under way, and then it is over. */
  async function takeBack(one: LiveJob): Promise<void> {
    const by = `job:${one.job.id.slice(-8)}`;
    const outcomes = await Promise.allSettled([...one.underWay.keys()].map((id) => control.cancel(one.job.project, id, by)));
    for (const outcome of outcomes) {
      const error: unknown = outcome.status === 'rejected' ? outcome.reason : null;
      // Settled meanwhile: that is told.
      if (error !== null && !(error instanceof MusterError && error.code === 'conflict')) throw error;
    }
    if (one.underWay.size === 0) await end(one, null, {});
  }

  /** Asks the next devices. False: nothing could be asked now. */
  async function ask(one: LiveJob, count: number): Promise<boolean> {
    const { id, project, createdBy } = one.job;
    const devices = storage.waiting(id, one.lookedTo, count);
    if (devices.length === 0) {
      // Some before it wait again.
      if (one.lookedTo < 0) throw new Error(`job ${id} has no devices that wait, and should`);
      one.lookedTo = -1;
      return true;
    }
    const wishes = await wishesOf(one.job, devices, configPlanner);
    // Somebody may have paused or cancelled it meanwhile: who was answered that nothing new is asked finds it so.
    if (one.job.state !== 'running' || stopped) return true;
    const plan = control.planSome(
      project,
      wishes.flatMap(({ wish }) => wish ?? []),
      createdBy,
    );
    const changes: JobDeviceChange[] = [];
    const commands: { readonly command: Command; readonly at: JobDevice; readonly config: ConfigToSend | null }[] = [];
    let next = 0;
    let full = false;
    for (const each of wishes) {
      const { at } = each;
      if (each.wish === null) {
        changes.push(each.change);
        continue;
      }
      const refusal = plan.refused.get(each.wish);
      if (refusal === undefined) {
        const command = plan.commands[next++];
        if (command === undefined) throw new Error('a device was neither asked nor refused');
        commands.push({ command, at, config: each.config });
        changes.push({ job: id, place: at.place, state: 'queued', reason: null, command: command.id });
      } else if (isHubFull(refusal)) full = true;
      else changes.push({ job: id, place: at.place, state: 'failed', reason: refusal.message, command: null });
    }
    const more = besides(one.job, commands, configPlanner);
    const events = more.events.map(ports.complete);
    const told = events.length === 0 ? [] : [ports.insertEvents(events)];
    const began = performance.now();
    try {
      if (changes.length > 0) await ports.commit([...more.statements, ...told, ...plan.statements, storage.changeDevices(changes)]);
    } catch (error: unknown) {
      plan.dropped();
      // Somebody gave one of them another configuration in between: they are planned again.
      if (error instanceof CommitError && (error.reason === 'unique' || error.reason === 'stale')) return false;
      throw error;
    }
    asked.took(changes.length, performance.now() - began);
    for (const { command, at } of commands) one.underWay.set(command.id, { place: at.place, state: 'queued' });
    one.summary.waiting -= changes.length;
    for (const { state } of changes) one.summary[state] += 1;
    // Those that there was no room for are the next again.
    if (!full) one.lookedTo = devices.at(-1)?.place ?? one.lookedTo;
    ports.publish(events);
    plan.committed();
    return changes.length > 0;
  }

  function flushLater(): void {
    if (stopped || flushTimer !== null) return;
    flushTimer = setTimeout(() => {
      flushTimer = null;
      flush().catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'what became of devices of jobs could not be written; it is tried again');
        flushLater();
      });
    }, FLUSH_MS);
    flushTimer.unref();
  }

  async function flush(): Promise<void> {
    for (const one of live.values()) {
      for (let left = one.changed.size; left > 0; ) {
        const changes = [...one.changed.values()].slice(0, Math.min(left, written.size));
        if (changes.length === 0) break;
        left -= changes.length;
        const began = performance.now();
        await ports.commit([storage.changeDevices(changes)]);
        written.took(changes.length, performance.now() - began);
        for (const each of changes) if (one.changed.get(each.place) === each) one.changed.delete(each.place);
      }
    }
  }
}

function asLive(job: JobRecord): LiveJob {
  return { job, summary: { ...job.summary }, underWay: new Map(), lookedTo: -1, changed: new Map(), working: null, again: false, retry: null };
}
