import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import { formatFigure } from '../figures.ts';
import { type Comparators, createComparators } from '../limits/comparators.ts';
import type { Edge } from '../limits/edges.ts';
import type { Comparison } from './comparison.ts';

export interface AnomalyOptions {
  readonly direction: 'both' | 'above' | 'below';
  readonly differenceMin: number;
  readonly minSamples: number;
  /** On the number of deviations. */
  readonly edges: readonly Edge[];
}

/** How many robust deviations is a value away from the median of others? Says nothing while there are too few of them, and nothing about values that are no numbers. */
export function createAnomaly(options: AnomalyOptions, comparison: Comparison): ConditionRun {
  return new AnomalyRun(options, comparison);
}

class AnomalyRun implements ConditionRun {
  readonly dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow = Number.NaN;
  readonly quietHigh = Number.NaN;
  readonly #options: AnomalyOptions;
  readonly #comparison: Comparison;
  readonly #comparators: Comparators;
  #value = Number.NaN;

  constructor(options: AnomalyOptions, comparison: Comparison) {
    this.#options = options;
    this.#comparison = comparison;
    this.#comparators = createComparators(options.edges, (figure) => `${formatFigure(figure)} deviations`);
  }

  sample(_slot: number, time: number, value: SampleValue): number {
    if (typeof value !== 'number') return KEEP;
    const comparison = this.#comparison;
    comparison.look(time, value);
    this.#value = value;
    const { direction, differenceMin, minSamples } = this.#options;
    if (comparison.count < minSamples) return KEEP;
    const difference = value - comparison.median;
    const away = direction === 'both' ? Math.abs(difference) : direction === 'above' ? difference : -difference;
    return this.#comparators.judge(away <= 0 || away < differenceMin ? 0 : away / comparison.deviation);
  }

  elapsed(): number {
    return KEEP;
  }

  explain(): string {
    const { count, median, deviation, name } = this.#comparison;
    if (count < this.#options.minSamples) return `only ${count} ${name} yet, of ${this.#options.minSamples}`;
    return `${this.#comparators.explain()}; ${formatFigure(this.#value)} against ${formatFigure(median)} ± ${formatFigure(deviation)}, the median of ${count} ${name}`;
  }

  save(): JsonValue {
    return this.#comparators.save();
  }

  restore(saved: JsonValue): void {
    this.#comparators.restore(saved);
  }
}
