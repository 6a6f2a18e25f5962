import { groupsWatched, matchesPoint } from '../alarms/scope.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { subjectOf } from '../domain/subject-key.ts';
import type { JsonValue, SampleValue } from '../domain/value.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory, PointEntry } from '../fleet/directory.ts';
import { createTurns, type Turns } from '../fleet/turns.ts';
import type { SavedEvaluation } from '../storage/alarm-storage.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { AlarmBook } from './alarm-book.ts';
import type { AlarmKeeper } from './alarm-keeper.ts';
import { believed, type SampleEvaluator } from './sample-evaluator.ts';
import type { RuleState, Tracked } from './tracked.ts';
import { isWatched, type Watches, watchesDevice } from './watches.ts';

const SERIES_PER_READ = 200;
/** Windows up to this long are read for many series together. */
const AT_ONCE_MS = 86_400_000;

/** Brings evaluations to where they would be had they seen all samples: after a start, for a new rule, and for a changed one. */
export interface WarmUp {
  /** The hub starts. `saved`: of all rules. What is of no use any more is given to `drop`. */
  start(states: readonly RuleState[], saved: Iterable<SavedEvaluation>, drop: (saved: SavedEvaluation) => void): Promise<void>;
  /** Shows a rule that is not yet in force the history that its windows need. */
  fill(state: RuleState): Promise<void>;
  /** The rule is in force: it takes over from the version that it follows, and what stands is told. */
  adopt(state: RuleState): Promise<void>;
  /** Takes over what the version before holds of the same subject. */
  follow(tracked: Tracked): void;
  deviceChanged(device: DeviceId): void;
}

/** Where samples of a point go. */
interface Target {
  readonly tracked: Tracked;
  readonly slot: number;
  readonly member: number;
}

interface PossibleTarget {
  /** null: nothing is held. */
  readonly tracked: Tracked | null;
  readonly slot: number;
  readonly member: number;
  readonly point: PointEntry;
  readonly key: string;
  readonly subject: AlarmSubject;
}
type HeldTarget = PossibleTarget & { readonly tracked: Tracked };

export interface WarmUpPorts {
  readonly directory: Directory;
  readonly samples: Pick<SampleStore, 'read'>;
  readonly watches: Watches;
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly evaluator: SampleEvaluator;
  readonly clock: () => number;
  /** Samples that are older than this when they come are late, and never live. */
  readonly lateAfterMs: number;
  /** Samples that are read for one rule at most; beyond it, windows fill with what comes. */
  readonly samplesMax: number;
  readonly log: Log;
}

export function createWarmUp(ports: WarmUpPorts): WarmUp {
  const { directory, watches, book, keeper, evaluator, clock, log } = ports;

  return {
    fill,
    follow,
    async start(states, saved, drop) {
      const turns = createTurns();
      for (const state of states) {
        await fill(state);
        if (state.lazy) continue;
        for await (const entry of devicesOf(state, turns)) {
          for (const { tracked, slot, member, point } of targets(state, entry)) {
            showNewest(tracked, slot, member, point);
            if (turns.isOver()) await turns.next();
          }
        }
      }
      const restored = new Map<Tracked, JsonValue>();
      const known = new Map(states.map((state) => [`${state.project} ${state.rule.id}`, state]));
      for (const one of saved) {
        const state = known.get(`${one.project} ${one.rule}`);
        const subject = subjectOf(one.subject);
        const tracked = state !== undefined && isWatched(state, subject, directory) ? track(state, subject) : null;
        if (tracked === null) drop(one);
        else restored.set(tracked, one.state);
      }
      // Parents first: what they suppress is not told.
      const inOrder = [...states].sort((one, other) => one.rank - other.rank);
      for (const state of inOrder) {
        for (const alarm of book.ofRule(state.project, state.rule.id)) {
          if (alarm.record.active && alarm.record.origin === 'hub' && isWatched(state, alarm.record.subject, directory)) track(state, alarm.record.subject);
        }
        for (const tracked of [...state.tracked.values()]) {
          const was = restored.get(tracked);
          const stands = book.of(state.project, state.rule.id, tracked.subject)?.record.active === true;
          // What is held lazily was not shown its newest sample above.
          if (state.lazy && tracked.subject.device !== null) showAllNewest(tracked, tracked.subject.device);
          // An alarm whose evaluation was not saved: its newest samples say whether it still stands.
          if (was !== undefined || !stands) tracked.evaluation.restore(was ?? null);
          settle(tracked);
          if (turns.isOver()) await turns.next();
        }
      }
    },
    async adopt(state) {
      const turns = createTurns();
      const { follows } = state;
      const isOfGroups = state.rule.condition.subject === 'group';
      for await (const entry of devicesOf(state, turns)) {
        const shown = new Set<Tracked>();
        for (const { point, slot, member, ...target } of possibleTargets(state, entry)) {
          const tracked = target.tracked ?? (follows?.tracked.has(target.key) || isLoud(state, point) ? track(state, target.subject) : null);
          if (tracked === null) continue;
          showNewest(tracked, slot, member, point);
          if (isOfGroups) continue;
          // Of a device all points are shown before it is settled.
          if (tracked.subject.point === null) shown.add(tracked);
          else takeOver(tracked);
          if (tracked.subject.point !== null && turns.isOver()) {
            await turns.next();
            // It may be gone, or have changed: then it was looked at then.
            if (directory.device(entry.device.id) !== entry || !watchesDevice(state.rule, entry.device, directory.membershipOf(entry.device))) break;
          }
        }
        for (const tracked of shown) takeOver(tracked);
      }
      for (const tracked of isOfGroups ? [...state.tracked.values()] : []) takeOver(tracked);
      state.follows = null;
    },
    deviceChanged(id) {
      const entry = directory.device(id);
      for (const project of watches.projects()) {
        for (const state of project.states.values()) {
          if (state.rule.condition.subject === 'group') leaveGroups(state, id, entry);
          if (
            entry === undefined ||
            state.lazy ||
            entry.device.project !== state.project ||
            !watchesDevice(state.rule, entry.device, directory.membershipOf(entry.device))
          )
            continue;
          for (const { tracked, slot, member, point } of targets(state, entry)) {
            showNewest(tracked, slot, member, point);
            settle(tracked);
          }
        }
      }
    },
  };

  function takeOver(tracked: Tracked): void {
    if (!tracked.held) return;
    if (tracked.state.follows?.tracked.has(tracked.key)) follow(tracked);
    else settle(tracked);
  }

  function follow(tracked: Tracked): void {
    const { state, key, subject } = tracked;
    const old = state.follows?.tracked.get(key);
    if (old === undefined) return;
    tracked.evaluation.restore(old.evaluation.save());
    if (subject.device !== null) showAllNewest(tracked, subject.device);
    // What is on disk may be of the version before: it is written again.
    tracked.savedText = old.savedText === 'null' ? 'null' : '';
    evaluator.letGo(old);
    settle(tracked);
  }

  /** What time has brought, and what differs from the alarm there is. */
  function settle(tracked: Tracked): void {
    const { state, subject, evaluation } = tracked;
    const now = clock();
    evaluator.take(tracked, evaluation.advance(now, evaluator.newestOf(tracked)), now);
    const record = book.of(state.project, state.rule.id, subject)?.record;
    const level = evaluation.level === 0 ? null : (state.rule.condition.levels[evaluation.level - 1] ?? null);
    const isSame = level === null ? record?.active !== true : record?.active === true && record.level === level.name && record.severity === level.severity;
    if (isSame || (level === null && record?.origin === 'edge')) return;
    keeper.level(
      state,
      subject,
      level,
      { time: Number.isFinite(evaluation.lastTime) ? evaluation.lastTime : now, value: null, explanation: evaluation.explain() },
      undefined,
    );
  }

  /** Those that are there and watched when they have their turn. */
  async function* devicesOf(state: RuleState, turns: Turns): AsyncGenerator<DeviceEntry> {
    for (const entry of directory.sortedDevices(state.project)) {
      if (turns.isOver()) await turns.next();
      if (directory.device(entry.device.id) === entry && watchesDevice(state.rule, entry.device, directory.membershipOf(entry.device))) yield entry;
    }
  }

  /** What is held of the device's points, and made for it; `lazily`: also what nothing is held of. */
  function targets(state: RuleState, entry: DeviceEntry): readonly HeldTarget[] {
    return possibleTargets(state, entry).flatMap((target) => (target.tracked === null ? [] : [{ ...target, tracked: target.tracked }]));
  }

  /** Also those of which nothing is held. */
  function possibleTargets(state: RuleState, entry: DeviceEntry): readonly PossibleTarget[] {
    const { condition, scope } = state.rule;
    const found: PossibleTarget[] = [];
    const { id } = entry.device;
    for (const point of entry.points.values()) {
      const { path } = point.point;
      if (condition.subject === 'point') {
        if (!matchesPoint(scope, path)) continue;
        const subject: AlarmSubject = { device: id, point: path, group: null };
        const key = `${id}/${path}`;
        // What never reported is not silent: it is held from its first sample on.
        const tracked = state.tracked.get(key) ?? (state.lazy || point.latest === null || point.latest.late ? null : track(state, subject));
        found.push({ tracked, slot: 0, member: 0, point, key, subject });
        continue;
      }
      condition.points.forEach((wanted, slot) => {
        if (wanted !== path && wanted !== '*') return;
        if (condition.subject === 'device') {
          const subject: AlarmSubject = { device: id, point: null, group: null };
          const tracked = track(state, subject);
          if (tracked !== null) found.push({ tracked, slot, member: 0, point, key: id, subject });
          return;
        }
        for (const group of groupsWatched(state.rule.scope, directory.membershipOf(entry.device))) {
          const subject: AlarmSubject = { device: null, point: null, group };
          const tracked = track(state, subject);
          if (tracked === null || tracked.members === null) continue;
          let member = tracked.members.get(id);
          if (member === undefined) {
            member = tracked.evaluation.join(id);
            tracked.members.set(id, member);
          }
          found.push({ tracked, slot, member, point, key: tracked.key, subject });
        }
      });
    }
    return found;
  }

  function track(state: RuleState, subject: AlarmSubject): Tracked | null {
    return watches.track(state, subject);
  }

  function isLoud(state: RuleState, { latest }: PointEntry): boolean {
    if (!state.lazy || latest === null || latest.late || latest.quality !== 'good') return false;
    return !(typeof latest.value === 'number' && latest.value >= state.quietLow && latest.value < state.quietHigh);
  }

  function showNewest({ evaluation }: Tracked, slot: number, member: number, { latest }: PointEntry): void {
    if (latest === null || latest.late || latest.quality !== 'good') return;
    evaluation.warm(slot, believed(latest.time, clock()), latest.value, member);
  }

  function showAllNewest(tracked: Tracked, device: DeviceId): void {
    const entry = directory.device(device);
    if (entry === undefined) return;
    const { point } = tracked.subject;
    const { condition } = tracked.state.rule;
    for (const one of entry.points.values()) {
      if (point !== null && one.point.path === point) showNewest(tracked, 0, 0, one);
      if (point !== null) continue;
      for (const [slot, wanted] of condition.points.entries()) if (wanted === one.point.path || wanted === '*') showNewest(tracked, slot, 0, one);
    }
  }

  async function fill(state: RuleState): Promise<void> {
    const { samples: countMax, durationMs } = state.rule.condition.history;
    if (countMax <= 1) return;
    const turns = createTurns();
    const bySeries = new Map<SeriesId, Target[]>();
    const newest = new Map<SeriesId, number>();
    for await (const entry of devicesOf(state, turns)) {
      for (const { tracked, slot, member, point } of targets(state, entry)) {
        newest.set(point.point.series, point.latestTime);
        const known = bySeries.get(point.point.series);
        if (known === undefined) bySeries.set(point.point.series, [{ tracked, slot, member }]);
        else known.push({ tracked, slot, member });
      }
    }
    const now = clock();
    // A window ends with the newest sample, not with the clock: what comes next may have been sent before a hub was down. What is older than `lateAfterMs` comes late.
    const endOf = (series: SeriesId): number => Math.min(now, Math.max(newest.get(series) ?? now, now - ports.lateAfterMs));
    const all = [...bySeries.keys()].sort((one, other) => endOf(one) - endOf(other));
    let room = ports.samplesMax;
    const read = async (series: readonly SeriesId[], fromTime: number, limit: number, kept: Map<SeriesId, [number, SampleValue][]>): Promise<void> => {
      const query = { series, from: fromTime, to: now + 1, order: 'series', descending: true, limit } as const;
      for await (const rows of ports.samples.read(query)) {
        for (const row of rows) {
          room -= 1;
          if (row.late || row.quality !== 'good') continue;
          const list = kept.get(row.series) ?? [];
          kept.set(row.series, list);
          if (list.length < countMax) list.push([row.time, row.value]);
        }
      }
    };
    try {
      for (let from = 0; from < all.length && room > 0; from += SERIES_PER_READ) {
        const series = all.slice(from, from + SERIES_PER_READ);
        // By time: conditions on several points see them as they came.
        const kept = new Map<SeriesId, [number, SampleValue][]>();
        await read(series, Math.max(0, Math.min(now, ...series.map(endOf)) - Math.min(durationMs, AT_ONCE_MS)), room, kept);
        // Of those that reported seldom, the rest, one by one: nobody knows how far back it lies.
        for (const one of durationMs > AT_ONCE_MS ? series : []) {
          if (room <= 0 || (kept.get(one)?.length ?? 0) >= countMax) continue;
          kept.delete(one);
          await read([one], Math.max(0, endOf(one) - durationMs), Math.min(room, countMax), kept);
        }
        const inOrder = [...kept].flatMap(([one, list]) => list.map(([time, value]) => ({ one, time, value }))).sort((a, b) => a.time - b.time);
        for (const { one, time, value } of inOrder)
          for (const { tracked, slot, member } of bySeries.get(one) ?? []) tracked.evaluation.warm(slot, time, value, member);
        await turns.next();
      }
    } catch (error: unknown) {
      log.warn({ rule: state.rule.id, reason: messageOf(error) }, 'the history of a rule could not be read: its windows fill with what comes');
    }
    if (room <= 0)
      log.warn(
        { rule: state.rule.id, samples: ports.samplesMax },
        'the history of a rule is longer than limits.alarm-history-samples: the rest of its windows fill with what comes',
      );
  }

  function leaveGroups(state: RuleState, id: DeviceId, entry: DeviceEntry | undefined): void {
    const groups =
      entry !== undefined && entry.device.project === state.project && watchesDevice(state.rule, entry.device, directory.membershipOf(entry.device))
        ? groupsWatched(state.rule.scope, directory.membershipOf(entry.device))
        : [];
    for (const tracked of state.tracked.values()) {
      const member = tracked.members?.get(id);
      if (member === undefined || groups.includes(tracked.subject.group ?? '')) continue;
      tracked.evaluation.leave(member);
      tracked.members?.delete(id);
      const now = clock();
      evaluator.take(tracked, tracked.evaluation.advance(now), now);
    }
  }
}
