import type { LevelChange } from '../alarms/evaluation.ts';
import type { Rule } from '../alarms/rule.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { Level } from '../domain/severity.ts';
import type { SampleValue } from '../domain/value.ts';
import type { NotificationCounts, Occurrence, SubjectOutcome } from './backtest.ts';
import { createTimeline } from './timeline.ts';
import { createTold } from './told.ts';

/** Of a change that flutters between levels, the first ones tell enough. */
export const CHANGES_MAX = 50;

/** An occurrence while it is followed. */
export interface OpenOccurrence {
  readonly raisedAt: number;
  clearedAt: number;
  /** Index plus one; of the worst. */
  worst: number;
  /** Where it stands since when. */
  level: number;
  since: number;
  lowest: number;
  highest: number;
  readonly changes: { readonly time: number; readonly level: string; readonly value: SampleValue }[];
  changesCount: number;
  readonly explanation: string;
  inBoth: boolean;
}

/** What one rule did on one subject, counted. */
export interface SubjectTally {
  readonly occurrences: number;
  readonly activeMs: number;
  readonly longestMs: number;
  readonly levels: readonly number[];
  readonly notifications: NotificationCounts;
  /** It holds at the moment; null: normal. */
  readonly open: OpenOccurrence | null;
  take(change: LevelChange): void;
  /** A value that came while it holds. */
  saw(value: number): void;
  /** The range is over. */
  finish(): void;
  outcome(samples: number, ignored: number): SubjectOutcome;
}

export interface TallyRange {
  readonly from: number;
  readonly to: number;
  readonly parts: number;
}

/** `settled`: an occurrence has ended, or the range has; such as ended before the range are left out. */
export function createSubjectTally(rule: Rule, subject: AlarmSubject, range: TallyRange, settled: (occurrence: OpenOccurrence) => void): SubjectTally {
  const { levels } = rule.condition;
  const timeline = createTimeline(range, range.parts);
  const told = createTold(rule, subject, range.from);
  const entered: number[] = levels.map(() => 0);
  let open: OpenOccurrence | null = null;
  let occurrences = 0;
  let activeMs = 0;
  let longestMs = 0;
  return {
    get occurrences() {
      return occurrences;
    },
    get activeMs() {
      return activeMs;
    },
    get longestMs() {
      return longestMs;
    },
    levels: entered,
    notifications: told.counts,
    get open() {
      return open;
    },
    take(change) {
      told.take(change);
      if (change.to === 0) close(change.time);
      else if (open === null) raise(change);
      else move(open, change);
    },
    saw(value) {
      if (open === null) return;
      if (value < open.lowest) open.lowest = value;
      if (value > open.highest) open.highest = value;
    },
    finish() {
      told.until(range.to - 1);
      if (open === null) return;
      timeline.mark(open.since, range.to, open.level);
      count(open, range.to);
    },
    outcome: (samples, ignored) => ({
      subject,
      occurrences,
      levels: levelCounts(levels, entered),
      activeMs,
      longestMs,
      notifications: told.counts,
      samples,
      ignored,
      standing: open === null ? null : (levels[open.level - 1]?.name ?? null),
      timeline: timeline.text(),
    }),
  };

  function raise(change: LevelChange): void {
    open = {
      raisedAt: change.time,
      clearedAt: Number.POSITIVE_INFINITY,
      worst: change.to,
      level: change.to,
      since: change.time,
      lowest: Number.POSITIVE_INFINITY,
      highest: Number.NEGATIVE_INFINITY,
      changes: [],
      changesCount: 0,
      explanation: change.explanation,
      inBoth: false,
    };
    enter(open, change);
  }

  function move(occurrence: OpenOccurrence, change: LevelChange): void {
    timeline.mark(occurrence.since, change.time, occurrence.level);
    occurrence.level = change.to;
    occurrence.since = change.time;
    if (change.to > occurrence.worst) occurrence.worst = change.to;
    enter(occurrence, change);
  }

  function enter(occurrence: OpenOccurrence, { time, to, value }: LevelChange): void {
    occurrence.changesCount += 1;
    if (occurrence.changes.length < CHANGES_MAX) occurrence.changes.push({ time, level: levels[to - 1]?.name ?? '', value });
    if (time >= range.from) entered[to - 1] = (entered[to - 1] ?? 0) + 1;
  }

  function close(time: number): void {
    if (open === null) return;
    const ended = open;
    open = null;
    ended.clearedAt = time;
    timeline.mark(ended.since, time, ended.level);
    if (time > range.from || ended.raisedAt >= range.from) count(ended, time);
  }

  function count(occurrence: OpenOccurrence, end: number): void {
    const durationMs = end - Math.max(occurrence.raisedAt, range.from);
    occurrences += 1;
    activeMs += durationMs;
    if (durationMs > longestMs) longestMs = durationMs;
    settled(occurrence);
  }
}

export function levelCounts(levels: readonly Level[], entered: readonly number[]): { [level: string]: number } {
  return Object.fromEntries(levels.map(({ name }, index) => [name, entered[index] ?? 0]));
}

export function occurrenceOf(rule: Rule, subject: AlarmSubject, open: OpenOccurrence, range: TallyRange, compared: boolean): Occurrence {
  const cleared = Number.isFinite(open.clearedAt);
  const level = rule.condition.levels[open.worst - 1];
  return {
    subject,
    raisedAt: open.raisedAt,
    clearedAt: cleared ? open.clearedAt : null,
    durationMs: (cleared ? open.clearedAt : range.to) - Math.max(open.raisedAt, range.from),
    level: level ?? { name: '', severity: 'warning' },
    changes: open.changes,
    changesCount: open.changesCount,
    lowest: Number.isFinite(open.lowest) ? open.lowest : null,
    highest: Number.isFinite(open.highest) ? open.highest : null,
    explanation: open.explanation,
    inBoth: compared ? open.inBoth : null,
  };
}
