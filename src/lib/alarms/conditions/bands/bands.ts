import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import { type Comparators, createComparators } from '../limits/comparators.ts';
import type { Edge } from '../limits/edges.ts';

/** The value itself against limits. Values that are no numbers say nothing. */
export function createBands(edges: readonly Edge[]): ConditionRun {
  return new BandsRun(createComparators(edges));
}

class BandsRun implements ConditionRun {
  readonly dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow: number;
  readonly quietHigh: number;
  readonly #comparators: Comparators;

  constructor(comparators: Comparators) {
    this.#comparators = comparators;
    this.quietLow = comparators.normalLow;
    this.quietHigh = comparators.normalHigh;
  }

  sample(_slot: number, _time: number, value: SampleValue): number {
    return typeof value === 'number' ? this.#comparators.judge(value) : KEEP;
  }

  elapsed(): number {
    return KEEP;
  }

  explain(): string {
    return this.#comparators.explain();
  }

  save(): JsonValue {
    return this.#comparators.save();
  }

  restore(saved: JsonValue): void {
    this.#comparators.restore(saved);
  }
}
