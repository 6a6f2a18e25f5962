import { formatDuration } from '../../../domain/duration.ts';
import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import { formatFigure } from '../figures.ts';
import { type Comparators, createComparators } from '../limits/comparators.ts';
import type { Edge } from '../limits/edges.ts';
import { createSampleRing, type SampleRing } from '../windows/sample-ring.ts';

/** Between samples further apart than so many times `over`, the rate is unknown. */
export const GAP_FACTOR = 2;
/** Of samples closer together than this part of `over`, the newest is kept: memory stays bounded however often a point is sampled. */
const RESOLUTION = 1024;

export interface RateOptions {
  readonly overMs: number;
  readonly perMs: number;
  readonly edges: readonly Edge[];
  readonly format: (figure: number) => string;
}

/**
 * The change since the newest sample that is at least `overMs` old, divided by the time between the two, per `perMs`. Until there is such a sample, and after a gap, it
 * says nothing: what was found before stands. Values that are no numbers say nothing either.
 */
export function createRate(options: RateOptions): ConditionRun {
  return new RateRun(options);
}

class RateRun implements ConditionRun {
  readonly dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow = Number.NaN;
  readonly quietHigh = Number.NaN;
  readonly #overMs: number;
  readonly #perMs: number;
  readonly #comparators: Comparators;
  readonly #ring: SampleRing;
  #from = 0;
  #to = 0;
  #spanMs = 0;

  constructor({ overMs, perMs, edges, format }: RateOptions) {
    this.#overMs = overMs;
    this.#perMs = perMs;
    this.#comparators = createComparators(edges, format);
    this.#ring = createSampleRing(overMs / RESOLUTION);
  }

  sample(_slot: number, time: number, value: SampleValue): number {
    if (typeof value !== 'number') return KEEP;
    const ring = this.#ring;
    ring.add(time, value);
    const end = time - this.#overMs;
    // The first one is what is compared with: the newest of those that are old enough.
    while (ring.size > 1 && ring.timeAt(1) <= end) ring.dropFirst();
    const first = ring.timeAt(0);
    if (first > end || first < time - GAP_FACTOR * this.#overMs) return KEEP;
    this.#from = ring.valueAt(0);
    this.#to = value;
    this.#spanMs = time - first;
    return this.#comparators.judge(((value - this.#from) / this.#spanMs) * this.#perMs);
  }

  elapsed(): number {
    return KEEP;
  }

  explain(): string {
    const text = this.#comparators.explain();
    return this.#spanMs === 0 ? text : `${text}; from ${formatFigure(this.#from)} to ${formatFigure(this.#to)} in ${formatDuration(this.#spanMs)}`;
  }

  save(): JsonValue {
    return this.#comparators.save();
  }

  restore(saved: JsonValue): void {
    this.#comparators.restore(saved);
  }
}
