import type { AlarmSubject } from '../domain/alarm.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { NotifyCause } from '../domain/notification.ts';
import type { Level } from '../domain/severity.ts';
import type { JsonValue, SampleValue } from '../domain/value.ts';

/** A rule as it is tried out. */
export interface TriedRule {
  /** null: a document that is not stored. */
  readonly version: number | null;
  readonly document: JsonValue;
}

export interface BacktestQuery {
  readonly project: ProjectId;
  /** One, or two to compare. */
  readonly rules: readonly [TriedRule] | readonly [TriedRule, TriedRule];
  /** Half-open, ms since 1970. An end that is still to come is the hub's time. */
  readonly from: number;
  readonly to: number;
  /** Only these of what the rules watch; * stands for any text. null: all. */
  readonly devices: readonly string[] | null;
  readonly points: readonly string[] | null;
  /** Samples that came late: as if they had come in time, or left out as live evaluation leaves them out. */
  readonly late: 'use' | 'skip';
  /** Parts of each timeline. */
  readonly parts: number;
  /** Listed at most, of each rule; all are counted. */
  readonly occurrencesMax: number;
  readonly subjectsMax: number;
}

/** One time that the condition began to hold and ended. Times in ms since 1970, by the samples' own time. */
export interface Occurrence {
  readonly subject: AlarmSubject;
  /** Before the range, when it held already at its start. */
  readonly raisedAt: number;
  /** null: it holds at the end. */
  readonly clearedAt: number | null;
  /** Within the range. */
  readonly durationMs: number;
  /** The worst. */
  readonly level: Level;
  /** From the first on, at most so many as are kept (CHANGES_MAX). */
  readonly changes: readonly { readonly time: number; readonly level: string; readonly value: SampleValue }[];
  readonly changesCount: number;
  /** Of the numbers that came while it held; null: none came. */
  readonly lowest: number | null;
  readonly highest: number | null;
  /** What the evaluator said when it was raised. */
  readonly explanation: string;
  /** The other rule has one at the same time; null: there is no other. */
  readonly inBoth: boolean | null;
}

export type NotificationCounts = { readonly [cause in NotifyCause]: number };

/** What a rule did on one subject, or on all. */
export interface AlarmFigures {
  readonly occurrences: number;
  /** How often each level was entered, by its name. */
  readonly levels: { readonly [level: string]: number };
  readonly activeMs: number;
  readonly longestMs: number;
  /** What somebody would have been told, had nobody acknowledged anything. */
  readonly notifications: NotificationCounts;
}

export interface SubjectOutcome extends AlarmFigures {
  readonly subject: AlarmSubject;
  /** Samples in the range that were evaluated for it. */
  readonly samples: number;
  /** Of these, such as the condition can say nothing about: a text for a limit. */
  readonly ignored: number;
  /** The level in which it stands at the end; null: normal. */
  readonly standing: string | null;
  /** For each part of the range the worst level: 0 is normal, then 1 to z in the order of the rule's levels. */
  readonly timeline: string;
}

export interface RuleOutcome {
  readonly rule: string;
  readonly version: number | null;
  /** Least bad first. */
  readonly levels: readonly Level[];
  /** What it watches, whether or not it has samples. */
  readonly subjects: number;
  readonly subjectsAlarming: number;
  readonly standing: number;
  readonly totals: AlarmFigures;
  /** Of all subjects together, for each day of the range. */
  readonly occurrencesPerDay: number;
  /** Part of the time of all subjects, from 0 to 1. */
  readonly activeShare: number;
  /** Those with the most occurrences first, at most so many as are asked for. */
  readonly bySubject: readonly SubjectOutcome[];
  /** By time; `totals` counts all of them. */
  readonly occurrences: readonly Occurrence[];
  /** What it cannot say about this rule. */
  readonly notes: readonly string[];
}

/** Occurrences of the same subject that overlap in time are the same alarm. The first rule is `a`. */
export interface Comparison {
  readonly onlyA: number;
  readonly onlyB: number;
  /** Of `a` that have one of `b`, and the other way round: one long occurrence may stand for several short ones. */
  readonly bothA: number;
  readonly bothB: number;
}

export interface BacktestResult {
  readonly from: number;
  readonly to: number;
  /** Samples from here on were shown before the range, to fill windows. */
  readonly warmFrom: number;
  readonly samples: number;
  readonly samplesLate: number;
  readonly series: number;
  readonly elapsedMs: number;
  readonly rules: readonly RuleOutcome[];
  readonly comparison: Comparison | null;
}

export interface BacktestProgress {
  readonly samples: number;
  /** How far it has come in the samples' time. */
  readonly time: number;
  readonly from: number;
  readonly to: number;
  /** Of each rule. */
  readonly occurrences: readonly number[];
}

/** Tries rules on stored samples. */
export interface Backtests {
  /**
   * Throws MusterError `invalid` with every problem of a document (details.problems), `overloaded` when too many run already, `limit_reached` when a rule needs more
   * memory than it may have, and what reading throws. Rejects with the signal's reason once that is aborted.
   */
  run(query: BacktestQuery, signal: AbortSignal, onProgress: (progress: BacktestProgress) => void): Promise<BacktestResult>;
  /** Under way. */
  readonly running: number;
}
