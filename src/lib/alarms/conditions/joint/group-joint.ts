import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import { type JointSettings, ruleText } from './device-joint.ts';
import { findLevel } from './joint-levels.ts';
import { PointValues } from './point-values.ts';

/** What an expression sees of one device: its id, its newest values by name, and its last ones. */
interface Member {
  readonly points: readonly PointValues[];
  readonly view: Record<string, unknown>;
}

/**
 * Points of all devices of a group. A sample costs little; what the expression sees is put together at most every `everyMs`, whatever the number of samples: with ten
 * thousand devices that is some milliseconds.
 */
export class GroupJoint implements ConditionRun {
  dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow = Number.NaN;
  readonly quietHigh = Number.NaN;
  readonly #settings: JointSettings;
  readonly #usesDevices: boolean;
  /** By number; null: that number is free. */
  readonly #members: (Member | null)[] = [];
  readonly #free: number[] = [];
  #now = Number.NEGATIVE_INFINITY;
  #computedAt = Number.NEGATIVE_INFINITY;
  #waits = false;
  /** Of the newest values that were counted, the time of the oldest. */
  #oldest = Number.POSITIVE_INFINITY;
  #finding = 0;
  #told = 'no values yet';

  constructor(settings: JointSettings) {
    this.#settings = settings;
    this.#usesDevices = settings.levels.some(({ expression }) => expression.variables.includes('devices'));
  }

  join(device: string): number {
    const { names, last } = this.#settings;
    const points = names.map(() => new PointValues(last));
    const listed = (of: 'values' | 'times'): Record<string, unknown> => Object.fromEntries(names.map((name, slot) => [name, points[slot]?.[of] ?? []]));
    const member = { points, view: { id: device, last: listed('values'), times: listed('times') } };
    const number = this.#free.pop() ?? this.#members.length;
    this.#members[number] = member;
    this.#changed();
    return number;
  }

  leave(number: number): number {
    if (this.#members[number] === undefined || this.#members[number] === null) return KEEP;
    this.#members[number] = null;
    this.#free.push(number);
    this.#changed();
    return KEEP;
  }

  sample(slot: number, time: number, value: SampleValue, number: number): number {
    const point = this.#members[number]?.points[slot];
    if (value === null || point === undefined) return KEEP;
    point.add(time, value);
    if (time > this.#now) this.#now = time;
    this.#waits = true;
    if (this.#now < this.#computedAt + this.#settings.everyMs) {
      this.#setDue();
      return KEEP;
    }
    return this.#compute(this.#now);
  }

  elapsed(now: number): number {
    return now < this.dueAt ? KEEP : this.#compute(this.dueAt);
  }

  /** A device came or went: with the next computation. Before the first sample there is none. */
  #changed(): void {
    if (this.#computedAt === Number.NEGATIVE_INFINITY) return;
    this.#waits = true;
    this.#setDue();
  }

  #compute(time: number): number {
    if (time > this.#now) this.#now = time;
    this.#computedAt = this.#now;
    this.#waits = false;
    const { bindings, filled } = this.#gather();
    this.#setDue();
    this.#told = '';
    const finding = findLevel(this.#settings.levels, bindings, this.#now, filled ? this.#settings.failures : null);
    if (finding !== KEEP) this.#finding = finding;
    return finding;
  }

  /** `filled`: there is a value at all. */
  #gather(): { readonly bindings: Readonly<Record<string, unknown>>; readonly filled: boolean } {
    const { names, maxAgeMs } = this.#settings;
    const lists = names.map((): SampleValue[] => []);
    const devices: unknown[] = [];
    const oldestAllowed = this.#now - maxAgeMs;
    let count = 0;
    let filled = false;
    this.#oldest = Number.POSITIVE_INFINITY;
    for (const member of this.#members) {
      if (member === null) continue;
      count += 1;
      for (let slot = 0; slot < names.length; slot += 1) {
        const point = member.points[slot];
        if (point === undefined) continue;
        if (maxAgeMs !== Number.POSITIVE_INFINITY) point.forgetBefore(oldestAllowed);
        const { newest } = point;
        if (this.#usesDevices) member.view[names[slot] ?? ''] = newest;
        if (newest === undefined) continue;
        lists[slot]?.push(newest);
        filled = true;
        if (point.newestTime < this.#oldest) this.#oldest = point.newestTime;
      }
      if (this.#usesDevices) devices.push(member.view);
    }
    const values = Object.fromEntries(names.map((name, slot) => [name, lists[slot] ?? []]));
    return { bindings: { values, devices, count, time: this.#now }, filled };
  }

  #setDue(): void {
    const { maxAgeMs, everyMs } = this.#settings;
    const next = this.#computedAt + Math.max(everyMs, 1);
    const tooOldAt = maxAgeMs === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : this.#oldest + maxAgeMs + 1;
    this.dueAt = this.#waits ? next : Math.max(next, tooOldAt);
  }

  explain(): string {
    if (this.#computedAt === Number.NEGATIVE_INFINITY) return this.#told;
    const { names } = this.#settings;
    const { bindings } = this.#gather();
    const values = bindings.values as Readonly<Record<string, readonly SampleValue[]>>;
    const parts = names.map((name) => `${name}: ${summary(values[name] ?? [])}`);
    return `${ruleText(this.#settings.levels, this.#finding)} (${bindings.count} devices; ${parts.join('; ')})`;
  }

  save(): JsonValue {
    return null;
  }

  restore(): void {}
}

function summary(list: readonly SampleValue[]): string {
  const numbers = list.filter((value) => typeof value === 'number');
  if (numbers.length === 0) return `${list.length} values`;
  let [low, high, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of numbers) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  const short = (value: number): string => String(Number(value.toPrecision(6)));
  return `${list.length} values, ${short(low)} to ${short(high)}, mean ${short(sum / numbers.length)}`;
}
