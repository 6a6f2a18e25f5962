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
 *
 * Each level has delays of its own: it is confirmed when the finding was at it or worse for the on-delay, and often enough for the repeats; it is over when the
 * finding was better for the off-delay.
 *
 * A sample need not be brought if `quietLow <= value < quietHigh` and its time is before `dueAt`. Who passes over samples calls `advance(time, time)` with the time of
 * the newest of them before the next `sample`; and `advance(now, time)` when a sample or the clock reaches `dueAt`, which may then move on.
 *
 * After a start: `warm` with the history (samples of good quality that were not late), oldest first; `restore` with what was saved, or with null; `advance` with the time of the newest sample of any quality. For a new rule on old samples without `restore`: a condition that stands is told.
 * For a changed rule: `warm`, `restore` with what the version before saves, `warm` with the newest sample once more, `advance`: what differs is told.
 */
export interface Evaluation {
  /** At most a few changes, nearly always none (null). Samples older than the newest of their slot are ignored. */
  sample(slot: number, time: number, value: SampleValue, member?: number): readonly LevelChange[] | null;
  /** The clock stands at `now`. `lastTime` as in ConditionRun.elapsed. */
  advance(now: number, lastTime?: number): readonly LevelChange[] | null;
  /** After `sample`: its finding comes later, and is then given to `found`. null: it is not awaited. */
  readonly later: Promise<number> | null;
  /** A condition that answered LATER has its finding; KEEP: it failed. In the order of the samples. Meanwhile nothing happens that would come after that sample. */
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
  /** Samples that the condition said nothing about, such as a text for a limit. */
  readonly ignored: number;
  explain(): string;
  /** null: all is as after the start with the newest samples, and nothing has to be kept. */
  save(): JsonValue;
  /** Takes what `save` gave; what does not fit is ignored. Levels are known by their names. */
  restore(saved: JsonValue): void;
  /** Shows samples from before a restart: state follows, changes are not told. */
  warm(slot: number, time: number, value: SampleValue, member?: number): void;
  /** For a group: a device joins or leaves. */
  join(device: string): number;
  leave(member: number): void;
}
