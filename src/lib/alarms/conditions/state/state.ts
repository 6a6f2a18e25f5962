import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import { type State, type StateTest, stateOf } from './tests.ts';

/** Tests of a value that is one of a few. `tests`: the worst level first. Lists, maps and null say nothing. */
export function createState(tests: readonly StateTest[]): ConditionRun {
  return new StateRun(tests);
}

class StateRun implements ConditionRun {
  dueAt = Number.POSITIVE_INFINITY;
  quietLow = Number.NaN;
  quietHigh = Number.NaN;
  readonly #tests: readonly StateTest[];
  #value: State | null = null;
  #held: StateTest | null = null;

  constructor(tests: readonly StateTest[]) {
    this.#tests = tests;
    this.#refresh();
  }

  sample(_slot: number, time: number, given: SampleValue): number {
    const value = stateOf(given);
    if (value === null) return KEEP;
    let held: StateTest | null = null;
    let silent = true;
    // All are asked, because one may remember what it was asked.
    for (const test of this.#tests) {
      const holds = test.holds(value, time);
      if (holds !== null) silent = false;
      if (holds === true && held === null) held = test;
    }
    if (silent) return KEEP;
    this.#value = value;
    this.#held = held;
    this.#refresh();
    return held === null ? 0 : held.finding;
  }

  elapsed(now: number): number {
    if (this.dueAt > now) return KEEP;
    for (const test of this.#tests) test.end(now);
    // Those without an end still hold for the same value.
    const value = this.#value;
    this.#held = value === null ? null : (this.#tests.find((test) => test.holds(value, now) === true) ?? null);
    this.#refresh();
    return this.#held === null ? 0 : this.#held.finding;
  }

  explain(): string {
    if (this.#value === null) return 'no value yet';
    return this.#held === null ? `${JSON.stringify(this.#value)} is a normal state` : this.#held.explain(this.#value);
  }

  save(): JsonValue {
    const saved = this.#tests.flatMap((test): JsonValue[] => {
      const state = test.save();
      return state === null ? [] : [[test.level, state]];
    });
    return saved.length === 0 ? null : saved;
  }

  restore(saved: JsonValue): void {
    const pairs: readonly JsonValue[] = Array.isArray(saved) ? saved : [];
    for (const test of this.#tests) {
      const pair = pairs.find((each) => Array.isArray(each) && each[0] === test.level);
      test.restore(Array.isArray(pair) ? (pair[1] ?? null) : null);
    }
    this.#refresh();
  }

  #refresh(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
    this.quietLow = Number.NEGATIVE_INFINITY;
    this.quietHigh = Number.POSITIVE_INFINITY;
    for (const { endsAt, quietLow, quietHigh } of this.#tests) {
      if (endsAt < this.dueAt) this.dueAt = endsAt;
      // NaN wins and stays: no comparison with it holds.
      if (quietLow > this.quietLow || Number.isNaN(quietLow)) this.quietLow = quietLow;
      if (quietHigh < this.quietHigh || Number.isNaN(quietHigh)) this.quietHigh = quietHigh;
    }
  }
}
