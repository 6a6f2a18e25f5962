import type { ConditionFailures } from './condition.ts';

const QUIET_MS = 3_600_000;
const REASON_LENGTH_MAX = 300;

/** Counts what goes wrong, and tells of it seldom: a rule that fails fails with each sample. */
export class FailureLog implements ConditionFailures {
  count = 0;
  last: ConditionFailures['last'] = null;
  listener: ConditionFailures['listener'] = null;
  #toldAt = Number.NEGATIVE_INFINITY;

  add(reason: string, time: number): void {
    this.count += 1;
    this.last = { reason: reason.slice(0, REASON_LENGTH_MAX), time };
    if (this.listener === null || Math.abs(time - this.#toldAt) < QUIET_MS) return;
    this.#toldAt = time;
    this.listener(this.last.reason, time, this.count);
  }
}
