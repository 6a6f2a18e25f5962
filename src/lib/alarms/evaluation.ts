import type { JsonValue, SampleValue } from '../domain/value.ts';

/** The confirmed level of a rule on one subject has changed: delays and repeats have passed. Index of the level plus one; 0 is normal. */
export interface LevelChange {
  /** By the samples' time, or the time at which a delay was over. */
  readonly time: number;
  readonly from: number;
  readonly to: number;
  /** The value that decided; null for what time alone decided. */
  readonly value: SampleValue;
  readonly explanation: string;
}

/**
 * One rule on one subject: its condition, then delays and repeats. Pure, but for its own state: the same samples and times give the same changes, in a hub, in a
 * back-test and in a gateway. Before a sample of time t, everything due up to t happens first, so that a clock that is asked seldom changes nothing.
 */
export interface Evaluation {
  /** At most a few changes, nearly always none (null). Samples older than the newest of their slot are ignored. */
  sample(slot: number, time: number, value: SampleValue, member?: number): readonly LevelChange[] | null;
  /** The clock stands at `now`. `lastTime` as in ConditionRun.elapsed. */
  advance(now: number, lastTime?: number): readonly LevelChange[] | null;
  /** A condition that answered LATER has its finding. */
  found(finding: number, time: number, value: SampleValue): readonly LevelChange[] | null;
  /** When it wants to be asked again; Infinity: only with a sample. */
  readonly dueAt: number;
  /** Confirmed, index plus one; 0 is normal. */
  readonly level: number;
  /** Nothing but samples outside of this range can change it. NaN: every sample is needed. */
  readonly quietLow: number;
  readonly quietHigh: number;
  /** The newest sample it was shown; -Infinity before the first. */
  readonly lastTime: number;
  /** The finding that waits for a delay or for repeats; null: none. */
  readonly pending: { readonly finding: number; readonly since: number; readonly dueAt: number } | null;
  explain(): string;
  /** null: all is as after the start with the newest samples, and nothing has to be kept. */
  save(): JsonValue;
  restore(saved: JsonValue): void;
  /** Shows samples from before a restart: state follows, changes are not told. */
  warm(slot: number, time: number, value: SampleValue, member?: number): void;
}
