import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { textOf } from '../../../expressions/expression-value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import type { FailureLog } from '../failure-log.ts';
import { findLevel, type JointLevel } from './joint-levels.ts';
import { PointValues } from './point-values.ts';

export interface JointSettings {
  /** In the order of the slots. */
  readonly names: readonly string[];
  readonly levels: readonly JointLevel[];
  readonly last: number;
  /** Infinity: values of any age count. */
  readonly maxAgeMs: number;
  /** It is computed at most so often, by the time of the samples. */
  readonly everyMs: number;
  readonly failures: FailureLog;
}

/** Several points of one device. */
export class DeviceJoint implements ConditionRun {
  dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow = Number.NaN;
  readonly quietHigh = Number.NaN;
  readonly #settings: JointSettings;
  readonly #points: readonly PointValues[];
  readonly #bindings: Record<string, unknown>;
  /** Slots of the points without which there is nothing to compute. */
  readonly #needed: readonly number[];
  #now = Number.NEGATIVE_INFINITY;
  #computedAt = Number.NEGATIVE_INFINITY;
  /** Samples have come since. */
  #waits = false;
  #finding = 0;

  constructor(settings: JointSettings) {
    this.#settings = settings;
    this.#points = settings.names.map(() => new PointValues(settings.last));
    const asked = new Set(settings.levels.flatMap(({ expression }) => expression.asked));
    this.#needed = settings.names.flatMap((name, slot) => (asked.has(name) ? [] : [slot]));
    const listed = (of: 'values' | 'times'): Record<string, readonly unknown[]> =>
      Object.fromEntries(settings.names.map((name, slot) => [name, this.#points[slot]?.[of] ?? []]));
    this.#bindings = { time: 0, last: listed('values'), times: listed('times') };
  }

  sample(slot: number, time: number, value: SampleValue): number {
    if (value === null) return KEEP;
    this.#points[slot]?.add(time, value);
    if (time > this.#now) this.#now = time;
    this.#waits = true;
    if (this.#now < this.#computedAt + this.#settings.everyMs) {
      this.#setDue();
      return KEEP;
    }
    return this.#compute(this.#now);
  }

  elapsed(now: number): number {
    if (now < this.dueAt) return KEEP;
    // At the time for which it was due: a clock that is asked seldom gives the same.
    return this.#compute(this.dueAt);
  }

  #compute(time: number): number {
    if (time > this.#now) this.#now = time;
    this.#computedAt = this.#now;
    this.#waits = false;
    const { names, maxAgeMs, levels, failures } = this.#settings;
    for (let slot = 0; slot < names.length; slot += 1) {
      const point = this.#points[slot];
      if (point === undefined) continue;
      if (maxAgeMs !== Number.POSITIVE_INFINITY) point.forgetBefore(this.#now - maxAgeMs);
      this.#bindings[names[slot] ?? ''] = point.newest;
    }
    this.#setDue();
    for (const slot of this.#needed) if (this.#points[slot]?.newest === undefined) return KEEP;
    this.#bindings.time = this.#now;
    const finding = findLevel(levels, this.#bindings, this.#now, failures);
    if (finding !== KEEP) this.#finding = finding;
    return finding;
  }

  /** When the oldest of the newest values is too old, or the samples that wait may be computed. */
  #setDue(): void {
    const { maxAgeMs, everyMs } = this.#settings;
    let dueAt = this.#waits ? this.#computedAt + everyMs : Number.POSITIVE_INFINITY;
    if (maxAgeMs !== Number.POSITIVE_INFINITY) {
      for (const point of this.#points) if (point.newest !== undefined) dueAt = Math.min(dueAt, point.newestTime + maxAgeMs + 1);
    }
    this.dueAt = dueAt;
  }

  explain(): string {
    const values = this.#settings.names.map((name, slot) => {
      const newest = this.#points[slot]?.newest;
      return newest === undefined ? `no ${name}` : `${name} = ${textOf(newest).slice(0, 40)}`;
    });
    return `${ruleText(this.#settings.levels, this.#finding)} (${values.join(', ')})`;
  }

  save(): JsonValue {
    return null;
  }

  restore(): void {}
}

export function ruleText(levels: readonly JointLevel[], finding: number): string {
  const source = levels.find((level) => level.finding === finding)?.expression.source ?? (levels.length === 1 ? levels[0]?.expression.source : undefined);
  const text = source?.replace(/\s+/g, ' ').trim().slice(0, 200);
  if (finding > 0) return text ?? '';
  return text === undefined ? 'no level holds' : `not ${text}`;
}
