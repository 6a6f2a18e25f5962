import type { Rule } from '../alarms/rule.ts';
import { groupsWatched, matchesDevice, matchesPoint } from '../alarms/scope.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import { type Device, isInService } from '../domain/device.ts';
import type { DeviceGroups } from '../domain/group.ts';
import type { DeviceId, PointPath, ProjectId, RuleId, SeriesId } from '../domain/ids.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { DeviceEntry, Directory, PointEntry } from '../fleet/directory.ts';
import { createSeriesTable } from '../fleet/series-table.ts';
import { rankRules } from './rule-state.ts';
import type { RuleState } from './tracked.ts';
import { Tracked } from './tracked.ts';

/** Numbers from `low` (inclusive) to `high` (exclusive), in samples of a time before `due`, change nothing. */
export interface QuietRange {
  low: number;
  high: number;
  due: number;
}

/** One rule on one point. */
export interface Link {
  readonly state: RuleState;
  /** null: nothing is held. */
  tracked: Tracked | null;
  readonly slot: number;
  readonly member: number;
}

/** What watches one point. Some 100 bytes while all is quiet: the range and the list of rules are shared by all points that the same rules watch. */
export interface PointWatch {
  /** -1: it is to be bound anew. */
  generation: number;
  readonly device: Device | null;
  readonly rules: readonly RuleState[];
  range: QuietRange;
  /** Of the samples that came by; -Infinity before the first. */
  newest: number;
  links: Link[] | null;
}

/** The rules of one project in force. */
export interface ProjectWatch {
  readonly project: ProjectId;
  /** Unique in the hub: what was bound under another one is bound anew. */
  readonly generation: number;
  readonly states: ReadonlyMap<string, RuleState>;
  /** The rules whose alarms this rule's alarms suppress. */
  readonly dependants: ReadonlyMap<string, readonly RuleState[]>;
  /** That of all points which nothing watches. */
  readonly nobody: PointWatch;
  readonly sets: Map<string, { readonly rules: readonly RuleState[]; readonly range: QuietRange }>;
  readonly ofDevice: WeakMap<Device, readonly RuleState[]>;
  /** Points that were bound to at least one rule since the rules changed. */
  bound: number;
}

export interface Watches {
  project(project: ProjectId): ProjectWatch | undefined;
  projects(): Iterable<ProjectWatch>;
  /** Puts a rule in force, in the place of its last version, or takes it out of force (null). Gives the one before. */
  replace(project: ProjectId, id: RuleId, state: RuleState | null): RuleState | null;
  /** Puts many in force at once, where there were none. */
  install(states: readonly RuleState[]): void;
  known(series: SeriesId): PointWatch | undefined;
  /** Binds a point to the rules that watch it. */
  bind(watch: ProjectWatch, device: DeviceEntry, entry: PointEntry): PointWatch;
  /** Those that watch the device in any way. */
  rulesOf(watch: ProjectWatch, device: Device): readonly RuleState[];
  /** The points of the device are bound anew. */
  unbind(device: DeviceEntry): void;
  forget(series: SeriesId): void;
  /** null: as many are held as may be. */
  track(state: RuleState, subject: AlarmSubject): Tracked | null;
  drop(tracked: Tracked): void;
  ofDevice(device: DeviceId): Iterable<Tracked>;
  readonly held: number;
  readonly refused: number;
}

/** A device that is out of service may not report: that it is silent says nothing. One in maintenance is watched, and its alarms are suppressed (suppression.ts). */
export function watchesDevice({ scope }: Rule, device: Device, groups: DeviceGroups): boolean {
  return isInService(device.state) && matchesDevice(scope, device, groups);
}

/** Does the rule watch the subject, as the fleet is now? */
export function isWatched({ rule, project }: RuleState, { device, point, group }: AlarmSubject, directory: Directory): boolean {
  const wanted = rule.condition.subject;
  if (device === null) return wanted === 'group' && group !== null;
  const entry = directory.device(device);
  if (entry === undefined || entry.device.project !== project || !watchesDevice(rule, entry.device, directory.membershipOf(entry.device))) return false;
  return point === null ? wanted === 'device' : wanted === 'point' && matchesPoint(rule.scope, point);
}

const NOTHING: ReadonlySet<Tracked> = new Set();

/** `latestBelieved`: a stored sample that is later says nothing. `follow`: brings an evaluation to where the one of the rule's version before is. */
export function createWatches(
  heldMax: number,
  follow: (tracked: Tracked) => void,
  groupsOf: (device: Device) => DeviceGroups,
  latestBelieved: () => number = () => Number.POSITIVE_INFINITY,
): Watches {
  const projects = new Map<ProjectId, ProjectWatch>();
  const table = createSeriesTable<PointWatch>();
  const byDevice = new Map<DeviceId, Set<Tracked>>();
  let generations = 0;
  let held = 0;
  let refused = 0;

  return {
    project: (project) => projects.get(project),
    projects: () => projects.values(),
    known: (series) => table.get(series),
    rulesOf,
    track,
    drop,
    ofDevice: (device) => byDevice.get(device) ?? NOTHING,
    get held() {
      return held;
    },
    get refused() {
      return refused;
    },
    replace(project, id, state) {
      const states = new Map(projects.get(project)?.states ?? []);
      const before = states.get(id) ?? null;
      if (state === null) states.delete(id);
      else states.set(id, state);
      if (before !== null) before.retired = true;
      if (state !== null) state.follows = before;
      put(project, states);
      return before;
    },
    install(all) {
      const byProject = new Map<ProjectId, Map<string, RuleState>>();
      for (const state of all) {
        const states = byProject.get(state.project) ?? new Map<string, RuleState>();
        byProject.set(state.project, states.set(state.rule.id, state));
      }
      for (const [project, states] of byProject) put(project, states);
    },
    bind(watch, device, entry) {
      const known = table.get(entry.point.series);
      const bound = boundTo(watch, device, entry);
      const was = known?.generation === watch.generation && known !== watch.nobody;
      watch.bound += Number(bound !== watch.nobody) - Number(was);
      table.set(entry.point.series, bound);
      return bound;
    },
    unbind(device) {
      // The device may be the same, and its groups others.
      projects.get(device.device.project)?.ofDevice.delete(device.device);
      for (const { point } of device.points.values()) {
        const watch = table.get(point.series);
        if (watch === undefined) continue;
        // What it knows of the newest sample is kept.
        if (watch.device === null) table.delete(point.series);
        else {
          const project = projects.get(device.device.project);
          if (project !== undefined && project.generation === watch.generation) project.bound -= 1;
          watch.generation = -1;
        }
      }
    },
    forget: (series) => table.delete(series),
  };

  function put(project: ProjectId, states: ReadonlyMap<string, RuleState>): void {
    rankRules(states);
    generations += 1;
    if (states.size === 0) projects.delete(project);
    else projects.set(project, projectWatch(project, generations, inOrder(states)));
  }

  function rulesOf(watch: ProjectWatch, device: Device): readonly RuleState[] {
    let rules = watch.ofDevice.get(device);
    if (rules === undefined) {
      const groups = groupsOf(device);
      rules = [...watch.states.values()].filter(({ rule }) => watchesDevice(rule, device, groups));
      watch.ofDevice.set(device, rules);
    }
    return rules;
  }

  function boundTo(watch: ProjectWatch, device: DeviceEntry, entry: PointEntry): PointWatch {
    const { point } = entry;
    const links: Link[] = [];
    let isShared = true;
    for (const state of rulesOf(watch, device.device)) {
      const found = linksOf(state, device, point.path);
      for (const link of found) {
        links.push(link);
        isShared &&= state.lazy && link.tracked === null;
      }
    }
    if (links.length === 0) return watch.nobody;
    const newest = table.get(point.series)?.newest ?? newestStored(entry, latestBelieved());
    const rules = links.map(({ state }) => state);
    const set = setOf(watch, rules);
    const bound: PointWatch = {
      generation: watch.generation,
      device: device.device,
      rules: set.rules,
      range: set.range,
      newest,
      links: isShared ? null : links,
    };
    if (!isShared) narrow(bound);
    return bound;
  }

  function linksOf(state: RuleState, { device }: DeviceEntry, path: string): readonly Link[] {
    const { condition, scope } = state.rule;
    if (condition.subject === 'point') {
      if (!matchesPoint(scope, path)) return [];
      return [{ state, tracked: heldOf(state, device.id, path), slot: 0, member: 0 }];
    }
    const slots = condition.points.flatMap((wanted, slot) => (wanted === path || wanted === '*' ? [slot] : []));
    if (slots.length === 0) return [];
    if (condition.subject === 'device') {
      const tracked = track(state, { device: device.id, point: null, group: null });
      if (tracked !== null && state.follows?.tracked.has(tracked.key)) follow(tracked);
      return tracked === null ? [] : slots.map((slot) => ({ state, tracked, slot, member: 0 }));
    }
    return groupsWatched(state.rule.scope, groupsOf(device)).flatMap((group) => {
      const tracked = track(state, { device: null, point: null, group });
      if (tracked === null || tracked.members === null) return [];
      let member = tracked.members.get(device.id);
      if (member === undefined) {
        member = tracked.evaluation.join(device.id);
        tracked.members.set(device.id, member);
      }
      return slots.map((slot) => ({ state, tracked, slot, member: member ?? 0 }));
    });
  }

  /** Of a rule that has just changed it may be that of the version before: the next sample finds it as it stands. */
  function heldOf(state: RuleState, device: DeviceId, path: string): Tracked | null {
    const key = `${device}/${path}`;
    const known = state.tracked.get(key) ?? null;
    if (state.follows === null || !state.follows.tracked.has(key)) return known;
    const tracked = known ?? track(state, { device, point: path as PointPath, group: null });
    if (tracked !== null) follow(tracked);
    return tracked?.held ? tracked : null;
  }

  function setOf(watch: ProjectWatch, rules: readonly RuleState[]): { readonly rules: readonly RuleState[]; readonly range: QuietRange } {
    const key = rules.map(({ rule }) => rule.id).join(' ');
    let set = watch.sets.get(key);
    if (set === undefined) {
      const range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, due: Number.POSITIVE_INFINITY };
      for (const state of rules) intersect(range, state.quietLow, state.quietHigh, Number.POSITIVE_INFINITY);
      set = { rules, range };
      watch.sets.set(key, set);
    }
    return set;
  }

  function track(state: RuleState, subject: AlarmSubject): Tracked | null {
    const key = subjectKey(subject);
    const known = state.tracked.get(key);
    if (known !== undefined) return known;
    if (held >= heldMax) {
      refused += 1;
      return null;
    }
    const tracked = new Tracked(state, subject, key, state.start(subject));
    state.tracked.set(key, tracked);
    held += 1;
    if (subject.device !== null) {
      const others = byDevice.get(subject.device);
      if (others === undefined) byDevice.set(subject.device, new Set([tracked]));
      else others.add(tracked);
    }
    return tracked;
  }

  function drop(tracked: Tracked): void {
    if (!tracked.held) return;
    tracked.held = false;
    tracked.state.tracked.delete(tracked.key);
    held -= 1;
    const { device } = tracked.subject;
    if (device === null) return;
    const others = byDevice.get(device);
    others?.delete(tracked);
    if (others?.size === 0) byDevice.delete(device);
  }
}

/** The range in which none of its rules needs a sample. */
export function narrow(watch: PointWatch): void {
  const range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, due: Number.POSITIVE_INFINITY };
  for (const { state, tracked } of watch.links ?? []) {
    if (tracked !== null) intersect(range, tracked.evaluation.quietLow, tracked.evaluation.quietHigh, tracked.evaluation.dueAt);
    // The first sample is needed: with it begins what time may change.
    else if (state.lazy) intersect(range, state.quietLow, state.quietHigh, Number.POSITIVE_INFINITY);
    else intersect(range, Number.NaN, Number.NaN, Number.POSITIVE_INFINITY);
  }
  watch.range = range;
}

function intersect(range: QuietRange, low: number, high: number, due: number): void {
  // Math.max and Math.min give NaN once one is NaN: then every sample is needed.
  range.low = Math.max(range.low, low);
  range.high = Math.min(range.high, high);
  range.due = Math.min(range.due, due);
}

/** What was there before this hub or rule: what is older is not live. A point of which only late data are known has never been live. */
function newestStored({ latest, latestTime }: PointEntry, latestBelieved: number): number {
  return latest === null || latest.late || latestTime > latestBelieved ? Number.NEGATIVE_INFINITY : latestTime;
}

/** As a sample comes to them: what suppresses others goes first, whichever rule was made first. */
function inOrder(states: ReadonlyMap<string, RuleState>): ReadonlyMap<string, RuleState> {
  return new Map([...states].sort(([one, { rank }], [other, { rank: otherRank }]) => rank - otherRank || (one < other ? -1 : 1)));
}

function projectWatch(project: ProjectId, generation: number, states: ReadonlyMap<string, RuleState>): ProjectWatch {
  const dependants = new Map<string, RuleState[]>();
  for (const state of states.values()) {
    for (const { rule } of state.rule.suppressedBy) {
      const known = dependants.get(rule);
      if (known === undefined) dependants.set(rule, [state]);
      else if (!known.includes(state)) known.push(state);
    }
  }
  const range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, due: Number.POSITIVE_INFINITY };
  const nobody: PointWatch = { generation, device: null, rules: [], range, newest: Number.NEGATIVE_INFINITY, links: null };
  return { project, generation, states, dependants, nobody, sets: new Map(), ofDevice: new WeakMap(), bound: 0 };
}
