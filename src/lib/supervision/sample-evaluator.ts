import { KEEP } from '../alarms/conditions/condition.ts';
import type { LevelChange } from '../alarms/evaluation.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { SampleValue } from '../domain/value.ts';
import type { DeviceEntry, Directory, PointEntry } from '../fleet/directory.ts';
import type { Presence } from '../fleet/presence.ts';
import type { AlarmEvaluator } from '../ingest/alarm-evaluator.ts';
import type { ResolvedSample } from '../ingest/batch.ts';
import type { AlarmKeeper } from './alarm-keeper.ts';
import type { Clockwork } from './clockwork.ts';
import type { LateData } from './late-data.ts';
import type { Ledger } from './ledger.ts';
import type { RuleState } from './tracked.ts';
import { markOf, type Tracked } from './tracked.ts';
import { narrow, type PointWatch, type ProjectWatch, type Watches } from './watches.ts';

/** A state that changes with every sample is written so often at most; its level and delays at once. */
const SAVED_EVERY_MS = 1_000;
/** Of an evaluation that wants the clock and does not move on. */
const AGAIN_MS = 1_000;

/** Takes samples and the clock to the evaluations, and what they find to the alarms. */
export interface SampleEvaluator extends AlarmEvaluator {
  /** The clock has come to what an evaluation waits for. */
  elapsed(tracked: Tracked, now: number): void;
  /** Tells what an evaluation found, watches its clock, saves it, and lets go of it when nothing is left to hold. */
  take(tracked: Tracked, changes: readonly LevelChange[] | null, now: number): void;
  /** The newest sample of its subject, or for a device the last sign of life; -Infinity: none. Downtime of the hub is added. */
  newestOf(tracked: Tracked): number;
  look(state: RuleState, device: DeviceId, now: number): { readonly dueAt: number; readonly silentMs: number; readonly active: boolean } | null;
  /** What is not yet on disk of evaluations. */
  saveAll(): void;
  /** From a to b the hub was not awake. */
  slept(from: number, to: number): void;
  readonly evaluated: number;
  /** Samples that a script did not see because too many waited. */
  readonly scriptsSkipped: number;
  readonly scriptsWaiting: number;
}

export interface SampleEvaluatorPorts {
  readonly directory: Directory;
  readonly presence: Pick<Presence, 'status'>;
  readonly watches: Watches;
  readonly keeper: AlarmKeeper;
  readonly ledger: Ledger;
  readonly clockwork: Clockwork;
  readonly late: LateData;
  readonly clock: () => number;
  readonly scriptQueueMax: number;
  /** A rule's evaluation threw: a bug of ours. */
  readonly onFailed: (state: RuleState, error: unknown) => void;
}

export function createSampleEvaluator(ports: SampleEvaluatorPorts): SampleEvaluator {
  const { directory, presence, watches, keeper, ledger, clockwork, late, clock } = ports;
  const unsaved = new Set<Tracked>();
  let evaluated = 0;
  let scriptsWaiting = 0;
  let scriptsSkipped = 0;
  let sleptFrom = Number.NEGATIVE_INFINITY;
  let sleptTo = Number.NEGATIVE_INFINITY;

  return {
    evaluate(device, samples, receivedAt, mayBeRepeat = false) {
      const project = watches.project(device.device.project);
      if (project === undefined) return null;
      // What the clock or a person changed before goes before.
      if (!ledger.isEmpty) ledger.commit().catch(() => undefined);
      const { generation, nobody } = project;
      evaluated += samples.length;
      for (const sample of samples) {
        const { entry, time, value } = sample;
        let watch = watches.known(entry.point.series);
        if (watch === undefined || watch.generation !== generation || (watch.device !== device.device && watch !== nobody))
          watch = watches.bind(project, device, entry);
        if (watch === nobody) continue;
        const { range } = watch;
        if (
          typeof value === 'number' &&
          value >= range.low &&
          value < range.high &&
          time >= watch.newest &&
          time < range.due &&
          !sample.late &&
          sample.quality === 'good'
        ) {
          watch.newest = time;
          continue;
        }
        // Sent again after a crash, and seen before it: it is no late data.
        if (mayBeRepeat && time < watch.newest) continue;
        show(project, watch, device, sample, receivedAt);
      }
      return ledger.take();
    },
    elapsed(tracked, now) {
      if (!tracked.held) return;
      guarded(tracked.state, () => {
        take(tracked, tracked.evaluation.advance(now, newestOf(tracked)), now);
        if (tracked.held && tracked.evaluation.dueAt <= now) clockwork.wake(tracked, now + AGAIN_MS);
      });
    },
    take,
    newestOf,
    look(state, device, now) {
      const tracked = state.tracked.get(device);
      if (tracked === undefined) return null;
      const newest = newestOf(tracked);
      take(tracked, tracked.evaluation.advance(now, newest), now);
      const { pending, dueAt, level } = tracked.evaluation;
      return { dueAt: pending?.dueAt ?? dueAt, silentMs: now - newest, active: level > 0 };
    },
    saveAll() {
      for (const tracked of unsaved) if (tracked.held) save(tracked, JSON.stringify(tracked.evaluation.save()));
      unsaved.clear();
    },
    slept(from, to) {
      sleptFrom = from;
      sleptTo = Math.max(from, to);
    },
    get evaluated() {
      return evaluated;
    },
    get scriptsSkipped() {
      return scriptsSkipped;
    },
    get scriptsWaiting() {
      return scriptsWaiting;
    },
  };

  function show(project: ProjectWatch, watch: PointWatch, device: DeviceEntry, sample: ResolvedSample, now: number): void {
    const { entry, time } = sample;
    const value = sample.quality === 'good' ? sample.value : null;
    watch.links ??= watch.rules.map((state) => ({ state, tracked: null, slot: 0, member: 0 }));
    if (sample.late || time < watch.newest) {
      for (const link of watch.links) guarded(link.state, () => late.sample(link, device.device.id, entry.point.path, time, value, now));
      watch.newest = Math.max(watch.newest, time);
    } else {
      for (const link of watch.links) {
        const { state } = link;
        if (link.tracked !== null && !link.tracked.held) link.tracked = null;
        if (link.tracked === null) {
          if (state.lazy && typeof value === 'number' && value >= state.quietLow && value < state.quietHigh) continue;
          link.tracked = watches.track(state, { device: device.device.id, point: entry.point.path, group: null });
        }
        const { tracked } = link;
        if (tracked === null) continue;
        guarded(state, () => showTo(tracked, link.slot, link.member, time, value, watch.newest, now));
        if (!tracked.held) link.tracked = null;
      }
      watch.newest = time;
    }
    if (watch.links.every(({ state, tracked }) => tracked === null && state.lazy)) watches.bind(project, device, entry);
    else narrow(watch);
  }

  function showTo(tracked: Tracked, slot: number, member: number, time: number, value: SampleValue, newest: number, now: number): void {
    // The same sample once more, from a sender who was not answered.
    if (time === tracked.shownTime && slot === tracked.shownSlot && value === tracked.shownValue && tracked.members === null) return;
    const { evaluation } = tracked;
    if (tracked.awaited > 0 && scriptsWaiting >= ports.scriptQueueMax) {
      scriptsSkipped += 1;
      return;
    }
    if (newest > evaluation.lastTime) tell(tracked, evaluation.advance(newest, newest));
    const changes = evaluation.sample(slot, time, value, member);
    tracked.shownTime = time;
    tracked.shownSlot = slot;
    tracked.shownValue = value;
    const { later } = evaluation;
    if (later !== null) awaitFinding(tracked, later, time, value);
    take(tracked, changes, now);
  }

  function awaitFinding(tracked: Tracked, later: Promise<number>, time: number, value: SampleValue): void {
    scriptsWaiting += 1;
    tracked.awaited += 1;
    const done = (finding: number) => {
      scriptsWaiting -= 1;
      tracked.awaited -= 1;
      if (!tracked.held) return;
      guarded(tracked.state, () => take(tracked, tracked.evaluation.found(finding, time, value), clock()));
      ledger.commit().catch(() => undefined);
    };
    later.then(done, (error: unknown) => {
      ports.onFailed(tracked.state, error);
      done(KEEP);
    });
  }

  function take(tracked: Tracked, changes: readonly LevelChange[] | null, now: number): void {
    tell(tracked, changes);
    if (!tracked.held) return;
    const { evaluation, state } = tracked;
    clockwork.wake(tracked, evaluation.dueAt);
    const saved = evaluation.save();
    const text = saved === null ? 'null' : JSON.stringify(core(saved));
    if (text !== tracked.savedText) {
      const mark = markOf(evaluation, saved);
      if (mark !== tracked.savedMark || saved === null || now - tracked.savedAt >= SAVED_EVERY_MS) {
        tracked.savedMark = mark;
        tracked.savedAt = now;
        save(tracked, text);
      } else unsaved.add(tracked);
    }
    if (state.lazy && saved === null && tracked.awaited === 0 && evaluation.dueAt === Number.POSITIVE_INFINITY) watches.drop(tracked);
  }

  function save(tracked: Tracked, text: string): void {
    const { state, key } = tracked;
    tracked.savedText = text;
    unsaved.delete(tracked);
    ledger.evaluation(`${state.project} ${state.rule.id} ${key}`, { project: state.project, rule: state.rule.id, subject: key });
  }

  function tell(tracked: Tracked, changes: readonly LevelChange[] | null): void {
    if (changes === null) return;
    const { state, subject } = tracked;
    for (const change of changes) {
      const level = change.to === 0 ? null : (state.rule.condition.levels[change.to - 1] ?? null);
      keeper.level(state, subject, level, change, undefined);
    }
    if (subject.point === null) unbindMembers(tracked);
  }

  /** Samples of its other points may be needed now, or not any more. */
  function unbindMembers({ subject, members }: Tracked): void {
    const devices = members === null ? (subject.device === null ? [] : [subject.device]) : members.keys();
    for (const id of devices) {
      const device = directory.device(id);
      if (device !== undefined) watches.unbind(device);
    }
  }

  function newestOf({ state, subject }: Tracked): number {
    const entry = subject.device === null ? undefined : directory.device(subject.device);
    if (entry === undefined) return Number.NEGATIVE_INFINITY;
    if (subject.point !== null) {
      const point = entry.points.get(subject.point);
      return point === undefined ? Number.NEGATIVE_INFINITY : lived(state, newestSample(point));
    }
    let newest = Number.NEGATIVE_INFINITY;
    for (const point of entry.points.values()) newest = Math.max(newest, newestSample(point));
    if (state.timed) newest = Math.max(newest, presence.status(entry.device.id).lastSeenAt ?? Number.NEGATIVE_INFINITY);
    return lived(state, newest);
  }

  function newestSample(point: PointEntry): number {
    const seen = watches.known(point.point.series)?.newest ?? Number.NEGATIVE_INFINITY;
    // A point of which only late data are known has never been there live: nobody misses it.
    return point.latestTime > seen && point.latest?.late === false ? point.latestTime : seen;
  }

  function lived(state: RuleState, time: number): number {
    if (!state.timed || time >= sleptTo) return time;
    // What came after the last mark came while the hub was awake.
    return time > sleptFrom ? sleptTo : time + (sleptTo - sleptFrom);
  }

  function guarded(state: RuleState, work: () => void): void {
    try {
      work();
    } catch (error: unknown) {
      ports.onFailed(state, error);
    }
  }
}

/** Without what the newest sample says anyway: a standing alarm is not written again with each of its samples. */
function core(saved: object | string | number | boolean): unknown {
  if (typeof saved !== 'object' || Array.isArray(saved)) return saved;
  const { at: _at, time: _time, value: _value, ...rest } = saved as Record<string, unknown>;
  return rest;
}
