import type { Evaluation, LevelChange } from '../alarms/evaluation.ts';
import type { SampleValue } from '../domain/value.ts';
import type { SampleColumns } from '../storage/sample-columns.ts';
import { isPlain, shownValue } from './sample-values.ts';
import type { SubjectTally } from './subject-tally.ts';

/** One rule on one subject: the production evaluation, and what is counted of it. */
export interface Watch {
  readonly evaluation: Evaluation;
  readonly tally: SubjectTally;
  /** Numbers of the evaluation for the devices of a group. */
  readonly members: readonly number[];
  /** Samples in the range. */
  samples: number;
  /** The newest sample that was passed over and that the evaluation has not heard of; -Infinity: none. */
  passed: number;
}

/** Rows of one series in a block, by time. */
export interface Rows {
  readonly columns: SampleColumns;
  readonly begin: number;
  readonly end: number;
}

/**
 * Evaluates rows one after the other. What lies in the quiet range is passed over: two comparisons each, which is what nearly all samples of nearly all rules come to.
 * `skipped`: bits of `flags`; rows with one of them are left out.
 */
export function evaluateRows(watch: Watch, { columns, begin, end }: Rows, slot: number, member: number, skipped: number): void {
  const { time, number, tag, flags } = columns;
  const { evaluation } = watch;
  let low = evaluation.quietLow;
  let high = evaluation.quietHigh;
  let dueAt = evaluation.dueAt;
  let passed = watch.passed;
  for (let row = begin; row < end; row += 1) {
    const flag = flags[row] ?? 0;
    const at = time[row] ?? 0;
    const value = number[row] ?? 0;
    if ((flag & skipped) !== 0) continue;
    if (value >= low && value < high && at < dueAt && isPlain(tag[row] ?? 0, flag)) {
      passed = at;
      continue;
    }
    watch.passed = passed;
    show(watch, slot, at, isPlain(tag[row] ?? 0, flag) ? value : shownValue(columns, row), member);
    passed = watch.passed;
    low = evaluation.quietLow;
    high = evaluation.quietHigh;
    dueAt = evaluation.dueAt;
  }
  watch.passed = passed;
}

/** One sample that is not passed over. */
export function show(watch: Watch, slot: number, time: number, value: SampleValue, member: number): void {
  const { evaluation, tally } = watch;
  if (watch.passed !== Number.NEGATIVE_INFINITY) {
    take(tally, evaluation.advance(watch.passed, watch.passed));
    watch.passed = Number.NEGATIVE_INFINITY;
  }
  take(tally, evaluation.sample(slot, time, value, member));
  if (tally.open !== null && typeof value === 'number') tally.saw(value);
}

/** The clock comes to `now`. */
export function advance(watch: Watch, now: number): void {
  const { evaluation, tally } = watch;
  if (evaluation.dueAt > now) return;
  take(tally, evaluation.advance(now, watch.passed));
  watch.passed = Number.NEGATIVE_INFINITY;
}

/** From before the time at which anything is followed: windows are filled. */
export function warmUp({ evaluation }: Watch, { columns, begin, end }: Rows, slot: number, member: number, skipped: number): void {
  for (let row = begin; row < end; row += 1) {
    if (((columns.flags[row] ?? 0) & skipped) === 0) evaluation.warm(slot, columns.time[row] ?? 0, shownValue(columns, row), member);
  }
}

function take(tally: SubjectTally, changes: readonly LevelChange[] | null): void {
  if (changes !== null) for (const change of changes) tally.take(change);
}
