import { formatDuration } from '../../../domain/duration.ts';
import type { JsonValue } from '../../../domain/value.ts';
import { nextUp } from './next-up.ts';

/** What is compared: lists, maps and null are not. */
export type State = string | number | boolean;

/** One test of a value, with its state if it has any. */
export interface StateTest {
  /** Index of its level plus one. */
  readonly finding: number;
  readonly level: string;
  /** null: it says nothing about such a value. */
  holds(value: State, time: number): boolean | null;
  /** When it ends by itself; Infinity: it does not. */
  readonly endsAt: number;
  end(now: number): void;
  /** Numbers of this half-open range do not hold, and change nothing. NaN: there is no such range. */
  readonly quietLow: number;
  readonly quietHigh: number;
  explain(value: State): string;
  save(): JsonValue;
  restore(saved: JsonValue): void;
}

/** A test without a state. */
interface PlainTest {
  readonly finding: number;
  readonly level: string;
  readonly holds: (value: State) => boolean | null;
  readonly quiet: readonly [number, number];
  readonly explain: (value: State) => string;
}

const NEVER = { endsAt: Number.POSITIVE_INFINITY, end: () => undefined, save: () => null, restore: () => undefined };
const ALL: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const NONE: readonly [number, number] = [Number.NaN, Number.NaN];

function plain({ finding, level, holds, quiet: [quietLow, quietHigh], explain }: PlainTest): StateTest {
  return { ...NEVER, finding, level, holds, quietLow, quietHigh, explain };
}

export function isIn(finding: number, level: string, values: readonly State[]): StateTest {
  const set = new Set(values);
  return plain({
    finding,
    level,
    holds: (value) => set.has(value),
    quiet: besides(values),
    explain: (value) => `${write(value)} is in ${list(values)} (${level})`,
  });
}

export function isNotIn(finding: number, level: string, values: readonly State[]): StateTest {
  const set = new Set(values);
  const [number] = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  const quiet: readonly [number, number] = number === undefined ? NONE : [number, nextUp(number)];
  return plain({ finding, level, holds: (value) => !set.has(value), quiet, explain: (value) => `${write(value)} is not in ${list(values)} (${level})` });
}

/** `is` undefined: at least one bit of the mask is set. Whole numbers only; a negative one is taken in two's complement, as a register has it. */
export function masked(finding: number, level: string, mask: number, is: number | undefined): StateTest {
  const [low, high] = [mask | 0, highBits(mask)];
  const [lowIs, highIs] = is === undefined ? [0, 0] : [is | 0, highBits(is)];
  const holds = (value: State): boolean | null => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null;
    const same = (value & low) === lowIs && (highBits(value) & high) === highIs;
    return is === undefined ? !same : same;
  };
  const wanted = is === undefined ? `has a bit of ${mask}` : `has ${is} under the mask ${mask}`;
  return plain({ finding, level, holds, quiet: NONE, explain: (value) => `${write(value)} ${wanted} (${level})` });
}

/** Above the lowest 32. */
function highBits(value: number): number {
  return Math.floor(value / 2 ** 32) | 0;
}

/** Holds for a while after each change. The first value is none. */
export function changed(finding: number, level: string, holdMs: number): StateTest {
  let last: State | null = null;
  let before: State | null = null;
  const test = {
    finding,
    level,
    endsAt: Number.POSITIVE_INFINITY,
    quietLow: Number.NaN,
    quietHigh: Number.NaN,
    holds(value: State, time: number): boolean {
      if (last !== null && value !== last) {
        before = last;
        test.endsAt = time + holdMs;
      }
      last = value;
      note();
      return test.endsAt !== Number.POSITIVE_INFINITY;
    },
    end(now: number): void {
      if (test.endsAt > now) return;
      test.endsAt = Number.POSITIVE_INFINITY;
      note();
    },
    explain: (value: State): string =>
      `${write(value)} was ${before === null ? 'another value' : write(before)} less than ${formatDuration(holdMs)} ago (${level})`,
    save: (): JsonValue => (test.endsAt === Number.POSITIVE_INFINITY ? null : { endsAt: test.endsAt, before, last }),
    restore(saved: JsonValue): void {
      const fields = typeof saved === 'object' && saved !== null && !Array.isArray(saved) ? (saved as { readonly [name: string]: JsonValue }) : {};
      test.endsAt = typeof fields.endsAt === 'number' ? fields.endsAt : Number.POSITIVE_INFINITY;
      before = stateOf(fields.before);
      last = stateOf(fields.last) ?? last;
      note();
    },
  };
  /** The same number again changes nothing. */
  function note(): void {
    const quiet = test.endsAt === Number.POSITIVE_INFINITY && typeof last === 'number';
    test.quietLow = quiet ? (last as number) : Number.NaN;
    test.quietHigh = quiet ? nextUp(last as number) : Number.NaN;
  }
  return test;
}

/** The larger part of the numbers that are none of these. */
function besides(values: readonly State[]): readonly [number, number] {
  const numbers = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  const [least, most] = [numbers[0], numbers.at(-1)];
  if (least === undefined || most === undefined) return ALL;
  // States are small numbers from 0 up: those below a state that matters are seen more often than negative ones.
  return least > 0 ? [Number.NEGATIVE_INFINITY, least] : [nextUp(most), Number.POSITIVE_INFINITY];
}

/** null: it is not compared. */
export function stateOf(value: JsonValue | undefined): State | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

const TEXT_SHOWN_MAX = 40;
const VALUES_SHOWN_MAX = 8;

function write(value: State): string {
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > TEXT_SHOWN_MAX ? `${value.slice(0, TEXT_SHOWN_MAX)}…` : value);
}

function list(values: readonly State[]): string {
  const shown = values.slice(0, VALUES_SHOWN_MAX).map(write).join(', ');
  return values.length > VALUES_SHOWN_MAX ? `${shown} and ${values.length - VALUES_SHOWN_MAX} more` : shown;
}
