import type { z } from 'zod';
import type { AlarmSubject } from '../../domain/alarm.ts';
import type { Level } from '../../domain/severity.ts';
import type { JsonValue, SampleValue } from '../../domain/value.ts';

/** What a condition is evaluated for: each point alone, each device, or each group of devices. */
const SUBJECT_KINDS = ['point', 'device', 'group'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** The condition says nothing about this sample: what it found before still stands. */
export const KEEP = -1;
/** What it finds comes later: `awaited` will resolve to it. */
export const LATER = -2;

/**
 * A condition on one subject: a small machine that takes samples in the order of their times and says which level it finds. It reads no clock and does no
 * I/O. A finding is 0 for normal, else the index of a level plus one, or KEEP, or LATER. Called for each sample: it must not make garbage that it need not.
 */
export interface ConditionRun {
  /**
   * A sample that is not older than the one before it in this slot. `slot`: index in `Condition.points`; 0 for a condition on one point.
   * `member`: for a group, the number of the device among those that were joined; else 0. A sample of the same time as the one before it takes its place.
   * A value of null is a sign of life and nothing else: it stands for a sample whose quality is not good.
   */
  sample(slot: number, time: number, value: SampleValue, member: number): number;
  /** When time alone may change what it finds, ms since 1970; Infinity: never. */
  readonly dueAt: number;
  /**
   * Time has come to `now`: dueAt, or it had none and is told of `lastTime`, the newest sample that was passed over as one of the quiet range; -Infinity: none.
   * Afterwards dueAt is later than `now`.
   */
  elapsed(now: number, lastTime: number): number;
  /**
   * While it finds normal, values from `quietLow` (inclusive) to `quietHigh` (exclusive) change nothing, and need not be brought. NaN: every sample is needed.
   * For conditions on one point.
   */
  readonly quietLow: number;
  readonly quietHigh: number;
  /** Why it finds what it finds, in one line with the figures. */
  explain(): string;
  /** What a restart needs besides the newest samples (`Condition.history`) to go on as if there had been none; null: nothing. */
  save(): JsonValue;
  /** After the history: takes what `save` gave, null too, of this or of an earlier version of the rule; what does not fit is ignored. Never throws. */
  restore(saved: JsonValue): void;
  /** After LATER. Findings come in the order of the samples; a run answers LATER always or never. */
  readonly awaited?: Promise<number>;
  /** A device joins or leaves the group. Returns its number; numbers are used again. */
  join?(device: string): number;
  leave?(member: number): number;
}

/** A condition, compiled: shared by all its subjects. */
export interface Condition {
  readonly kind: string;
  readonly subject: SubjectKind;
  /** The points it reads, for a device or group, in the order of the slots; empty for a condition on one point, whose scope names them. `*` alone: any point. */
  readonly points: readonly string[];
  /** Least bad first: a higher index is worse. */
  readonly levels: readonly Level[];
  /** What it has to be shown again after a start, of each slot: the newest samples, at most so many and so old. 0: none. */
  readonly history: { readonly samples: number; readonly durationMs: number };
  /** Absent: it cannot fail. */
  readonly failures?: ConditionFailures;
  /**
   * What the runs of one rule share, for a condition that compares its subjects with each other; one for all live runs, another for a back-test. Handed to
   * each `start`. Absent: they share nothing.
   */
  share?(): unknown;
  start(subject?: AlarmSubject, shared?: unknown): ConditionRun;
}

/** What went wrong when a condition was evaluated: an expression that has no value, a script that threw. It never raises an alarm; what was found before stands. */
export interface ConditionFailures {
  /** Of all subjects, since the rule was compiled. */
  readonly count: number;
  readonly last: { readonly reason: string; readonly time: number } | null;
  /** Is told of the first one, and then of one an hour at most, by the time of the samples. Must not throw. */
  listener: ((reason: string, time: number, count: number) => void) | null;
}

/** What a kind of condition may use besides its own document. */
export interface ConditionContext {
  /** Severity of a level by its name: what the rule's `severities` says, else the name itself if it is a severity; undefined: unknown. */
  severityOf(level: string): Level['severity'] | undefined;
  /** Absent: scripts cannot run here. */
  readonly scripts?: ScriptRunner;
}

/** Runs a script of a rule (scripts/). Synchronous where nobody else waits for the thread, else with a promise. */
export interface ScriptRunner {
  /** Throws MusterError `invalid` with the place of the mistake. */
  compile(language: string, source: string): ScriptProgram;
}
export interface ScriptProgram {
  /** Its calls answer with promises. */
  readonly later: boolean;
  /** `state`: what the last call returned as its state. Rejects or throws MusterError when the script fails, or exceeds its time or memory. */
  call(input: JsonValue): JsonValue | Promise<JsonValue>;
  release(): void;
}

/** A kind of condition: `when: { <name>: <spec> }` in a rule. One folder each, with this as its definition.ts; one line in registry.ts. */
export interface ConditionKind<Spec = unknown> {
  readonly name: string;
  readonly summary: string;
  /** Of the specification in the document; durations are texts such as `5m`. */
  readonly schema: z.ZodType<Spec>;
  /** A small complete `when` for the reference. */
  readonly example: JsonValue;
  /**
   * Throws MusterError `invalid` for what the schema cannot say, such as an expression that does not compile. `details.problems`: a list of `{path, message}`, or
   * `details.path`: the place of the only one, both within the specification, such as `levels.0.if`.
   */
  compile(spec: Spec, context: ConditionContext): Condition;
}
