import { instantOf, type WallTime, wallOf } from '../domain/time-zone.ts';

export interface ValueAxis {
  /** Ascending; the first and the last are the ends of the axis. */
  readonly ticks: readonly number[];
  readonly step: number;
}

/** 1, 2 or 5 times a power of ten, at least `atLeast`. */
function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  for (const factor of [1, 2, 5, 10]) {
    // The tolerance keeps 0.30000000000000004 from skipping to the next step.
    if (factor * power >= atLeast * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

/** Beyond these, powers of ten overflow or vanish: no sensor is there, but no number may make the chart fail. */
const LARGEST = 1e300;
const SMALLEST = 1e-290;

/** An axis that holds [low, high] with at most `ticksMax` (two or more) round ticks, or three. A constant gets room on both sides. */
export function valueAxis(low: number, high: number, ticksMax: number): ValueAxis {
  const greatest = Math.max(Math.abs(low), Math.abs(high));
  if (greatest > LARGEST) return { ticks: [low - (low === high ? low / 2 : 0), high].sort((one, other) => one - other), step: greatest };
  // Differences below the precision of the numbers themselves would make ticks that all read the same.
  const finest = greatest * 1e-12;
  const constant = high - low <= finest || high - low < SMALLEST;
  const room = !constant ? 0 : greatest < SMALLEST ? 1 : niceStep(greatest * 0.05);
  const bottom = low - room;
  const top = high + room;
  const atLeast = Math.max((top - bottom) / Math.max(1, ticksMax - 1), finest);
  // A range across zero cannot always do with two.
  const count = Math.max(3, ticksMax);
  let step = niceStep(atLeast);
  let usual = ticksOf(bottom, top, step, step);
  while (usual.length > count) {
    step = niceStep(step * 1.01);
    usual = ticksOf(bottom, top, step, step);
  }
  return closerAxis(bottom, top, atLeast, count, spanOf(usual) * CLOSER) ?? { ticks: usual, step };
}

/** From the last multiple of `unit` below `bottom` on, `step` apart, until `top` is reached. */
function ticksOf(bottom: number, top: number, step: number, unit: number): number[] {
  const first = Math.floor(bottom / unit + 1e-9);
  const start = first * unit;
  const last = Math.ceil((top - start) / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, index) => Number(((first + index * Math.round(step / unit)) * unit).toPrecision(12)));
}

/** Steps of 3 and 4 are less usual: they must save this much of an axis. */
const CLOSER = 0.85;

/** An axis in steps of 3 (from any round number) or 4 that is no longer than `spanMax`, the shorter one; null: there is none. */
function closerAxis(bottom: number, top: number, atLeast: number, ticksMax: number, spanMax: number): ValueAxis | null {
  const acrossZero = bottom < 0 && top > 0;
  const power = 10 ** Math.floor(Math.log10(atLeast));
  let closest: ValueAxis | null = null;
  for (const factor of [3, 4]) {
    const step = factor * power;
    const ticks = ticksOf(bottom, top, step, factor === 3 && !acrossZero ? power : step);
    if (ticks.length < 3 || ticks.length > ticksMax || spanOf(ticks) > (closest === null ? spanMax : spanOf(closest.ticks))) continue;
    closest = { ticks, step };
  }
  return closest;
}

function spanOf(ticks: readonly number[]): number {
  return (ticks.at(-1) ?? 0) - (ticks[0] ?? 0);
}

/** Digits after the point that tell values `step` apart. */
export function decimalsOf(step: number): number {
  return Math.min(15, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

export function formatTick(value: number, step: number): string {
  const text = value.toFixed(decimalsOf(step));
  if (text.length <= 9) return text === '-0' ? '0' : text;
  return value
    .toExponential(3)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 1970-01-05, the first Monday: weeks are counted from it. */
const MONDAY = 4 * DAY;

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY,
] as const; // biome-ignore format: one row per unit
const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000] as const;

export interface TimeTick {
  readonly time: number;
  readonly label: string;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A label of the wall clock, as short as the step allows; midnight is told by its date. */
function labelOf(wall: WallTime, stepMs: number): string {
  if (stepMs < SECOND) return `${two(wall.second)}.${String(wall.millisecond).padStart(3, '0')}`;
  const midnight = wall.hour === 0 && wall.minute === 0 && wall.second === 0;
  if (stepMs >= DAY || midnight) return `${two(wall.month)}-${two(wall.day)}`;
  return stepMs < MINUTE ? `${two(wall.hour)}:${two(wall.minute)}:${two(wall.second)}` : `${two(wall.hour)}:${two(wall.minute)}`;
}

/** Round times of the zone's wall clock in [from, to), as close as their labels leave room for on `columns` characters. */
export function timeTicks(from: number, to: number, columns: number, timezone: string): readonly TimeTick[] {
  const fits = (step: number, labelWidth: number): boolean => ((to - from) / step) * (labelWidth + 3) <= columns;
  const step = STEPS_MS.find((ms) => fits(ms, ms < SECOND ? 6 : ms < MINUTE ? 8 : 5));
  return step === undefined ? monthTicks(from, to, columns, timezone) : evenTicks(from, to, step, timezone);
}

function evenTicks(from: number, to: number, step: number, timezone: string): readonly TimeTick[] {
  const anchor = step > 2 * DAY ? MONDAY : 0;
  const ticks: TimeTick[] = [];
  // One day wider than the range: the zone's offset is not the same at both ends. What lies outside is left out.
  const first = Math.floor((from - DAY - anchor) / step) * step + anchor;
  let last = Number.NEGATIVE_INFINITY;
  // Fine steps would walk that day in small strides: begin near the range.
  const start = step >= HOUR ? first : Math.floor((from - anchor) / step) * step + anchor;
  for (let local = start; local <= to + (step >= HOUR ? DAY : 0); local += step) {
    // A zone's offset is a whole number of quarter hours since long, so fine steps are round in UTC and on the wall alike.
    const time = step >= HOUR ? instantOf(wallOf(local, 'UTC'), timezone) : local;
    if (time < from || time >= to || time <= last) continue;
    ticks.push({ time, label: labelOf(wallOf(time, timezone), step) });
    last = time;
  }
  return ticks;
}

function monthTicks(from: number, to: number, columns: number, timezone: string): readonly TimeTick[] {
  const wall = wallOf(from, timezone);
  const end = wallOf(to, timezone);
  const span = (end.year - wall.year) * 12 + end.month - wall.month + 1;
  const step = STEPS_MONTHS.find((months) => (span / months) * ((months < 12 ? 7 : 4) + 3) <= columns) ?? 12_000;
  const ticks: TimeTick[] = [];
  const first = wall.year * 12 + wall.month - 1;
  for (let month = Math.floor(first / step) * step; month <= first + span; month += step) {
    const year = Math.floor(month / 12);
    const time = instantOf({ year, month: (month % 12) + 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 }, timezone);
    if (time >= from && time < to) ticks.push({ time, label: step < 12 ? `${year}-${two((month % 12) + 1)}` : String(year) });
  }
  return ticks;
}
