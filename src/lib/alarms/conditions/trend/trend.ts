import { formatAge } from '../../../domain/duration.ts';
import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import { formatFigure } from '../figures.ts';
import { type Comparators, createComparators } from '../limits/comparators.ts';
import type { Edge } from '../limits/edges.ts';
import { createSliceMeans, type SliceMeans } from '../windows/slice-means.ts';
import type { Forecaster } from './forecaster.ts';
import { createHolt } from './holt.ts';
import { createLine } from './line.ts';

const SLICES = 128;
/** Fewer say nothing of a direction. */
const SLICES_MIN = 3;
/** The part of the window that samples must span. */
const SPAN_MIN = 0.5;
const DAY_MS = 86_400_000;

export interface TrendOptions {
  readonly method: 'line' | 'holt';
  readonly windowMs: number;
  readonly limit: number;
  readonly direction: 'below' | 'above';
  /** On the time that is left, in ms. */
  readonly edges: readonly Edge[];
}

/**
 * When will the value reach the limit? The window is cut into slices, and each with samples counts once with their mean, so that a burst of samples weighs no more
 * than a single one. Says nothing before the samples span half of the window, and nothing about values that are no numbers.
 */
export function createTrend(options: TrendOptions): ConditionRun {
  return new TrendRun(options);
}

class TrendRun implements ConditionRun {
  readonly dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow = Number.NaN;
  readonly quietHigh = Number.NaN;
  readonly #limit: number;
  /** Of the slope that leads to the limit. */
  readonly #sign: number;
  readonly #spanMinMs: number;
  readonly #means: SliceMeans;
  readonly #forecaster: Forecaster;
  readonly #comparators: Comparators;

  constructor({ method, windowMs, limit, direction, edges }: TrendOptions) {
    this.#limit = limit;
    this.#sign = direction === 'above' ? 1 : -1;
    this.#spanMinMs = windowMs * SPAN_MIN;
    this.#means = createSliceMeans(windowMs, SLICES);
    this.#forecaster = method === 'line' ? createLine() : createHolt(windowMs);
    this.#comparators = createComparators(edges, formatTimeLeft);
  }

  sample(_slot: number, time: number, value: SampleValue): number {
    if (typeof value !== 'number') return KEEP;
    const means = this.#means;
    if (means.add(time, value)) this.#forecaster.learn(means.closed);
    const { closed, openTime, openValue } = means;
    if (closed.size + 1 < SLICES_MIN || openTime - closed.timeAt(0) < this.#spanMinMs) return KEEP;
    const forecaster = this.#forecaster;
    forecaster.predict(openTime, openValue, time);
    const distance = (this.#limit - forecaster.value) * this.#sign;
    const speed = forecaster.slope * this.#sign;
    const timeLeft = distance <= 0 ? 0 : speed > 0 ? distance / speed : Number.POSITIVE_INFINITY;
    return this.#comparators.judge(timeLeft);
  }

  elapsed(): number {
    return KEEP;
  }

  explain(): string {
    const { value, slope } = this.#forecaster;
    if (Number.isNaN(value)) return 'not enough samples for a forecast yet';
    return `time to ${formatFigure(this.#limit)}: ${this.#comparators.explain()}; now ${formatFigure(value)}, ${formatFigure(slope * DAY_MS)} a day`;
  }

  save(): JsonValue {
    return this.#comparators.save();
  }

  restore(saved: JsonValue): void {
    this.#comparators.restore(saved);
  }
}

function formatTimeLeft(ms: number): string {
  return Number.isFinite(ms) ? formatAge(ms) : 'never';
}
