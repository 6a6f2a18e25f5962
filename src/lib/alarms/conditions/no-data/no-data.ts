import { formatDuration } from '../../../domain/duration.ts';
import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import type { ConditionRun } from '../condition.ts';

export interface Silence {
  readonly afterMs: number;
  /** Index of the level plus one. */
  readonly finding: number;
  readonly level: string;
}

/**
 * The silence since the newest sample. Any sample ends it, whatever its value. `silences`: the shortest first. Nothing is found before the first sample, or
 * before a time from which to count is made known by `elapsed`.
 */
export function createNoData(silences: readonly Silence[]): ConditionRun {
  return new NoDataRun(silences);
}

class NoDataRun implements ConditionRun {
  dueAt = Number.POSITIVE_INFINITY;
  /** Every number is quiet once there was one: dueAt is then looked at with the newest time, so that no timer moves with each sample. */
  quietLow = Number.NaN;
  quietHigh = Number.NaN;
  readonly #silences: readonly Silence[];
  #newest = Number.NEGATIVE_INFINITY;
  /** How many of the silences have passed. */
  #passed = 0;

  constructor(silences: readonly Silence[]) {
    this.#silences = silences;
  }

  sample(_slot: number, time: number, _value: SampleValue): number {
    this.#hear(time);
    return 0;
  }

  elapsed(now: number, lastTime: number): number {
    if (lastTime > this.#newest) this.#hear(lastTime);
    while (this.dueAt <= now) {
      this.#passed += 1;
      this.dueAt = this.#nextDue();
    }
    return this.#silences[this.#passed - 1]?.finding ?? 0;
  }

  explain(): string {
    const silence = this.#silences[this.#passed - 1];
    if (silence !== undefined) return `no data for ${formatDuration(silence.afterMs)} (${silence.level})`;
    return this.#newest === Number.NEGATIVE_INFINITY ? 'no data yet' : `data within ${formatDuration(this.#silences[0]?.afterMs ?? 0)}`;
  }

  save(): JsonValue {
    return this.#passed === 0 ? null : { newest: this.#newest, passed: this.#silences[this.#passed - 1]?.level ?? null };
  }

  restore(saved: JsonValue): void {
    if (typeof saved !== 'object' || saved === null || !('newest' in saved) || typeof saved.newest !== 'number') return;
    // Heard of since.
    if (saved.newest < this.#newest) return;
    this.#hear(saved.newest);
    this.#passed = 1 + this.#silences.findIndex(({ level }) => level === saved.passed);
    this.dueAt = this.#nextDue();
  }

  #hear(time: number): void {
    this.#newest = time;
    this.#passed = 0;
    this.dueAt = this.#nextDue();
    this.quietLow = Number.NEGATIVE_INFINITY;
    this.quietHigh = Number.POSITIVE_INFINITY;
  }

  #nextDue(): number {
    const next = this.#silences[this.#passed];
    return next === undefined ? Number.POSITIVE_INFINITY : this.#newest + next.afterMs;
  }
}
