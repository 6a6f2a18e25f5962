// What each kind of condition means, computed anew from all samples each time.
import type { JsonValue } from '../../../../src/lib/domain/value.ts';
import type { TimedValue } from '../evaluations.ts';
import type { Finder } from './reference-model.ts';

export interface PlainLimit {
  readonly finding: number;
  readonly high?: number;
  readonly low?: number;
  readonly deadband: number;
}

/** The worst limit whose comparator is on, after these figures. */
export function beyondLimits(figures: readonly number[], limits: readonly PlainLimit[]): number {
  const on = limits.map(({ high, low, deadband }) =>
    figures.reduce((was, figure) => {
      if (high !== undefined) return figure >= (was ? high - deadband : high);
      return low !== undefined && figure < (was ? low + deadband : low);
    }, false),
  );
  return Math.max(0, ...limits.map(({ finding }, index) => (on[index] ? finding : 0)));
}

function numbersOf(samples: readonly TimedValue[]): readonly (readonly [number, number])[] {
  return samples.flatMap(([time, value]) => (typeof value === 'number' ? [[time, value] as const] : []));
}

const newestIsNumber = (samples: readonly TimedValue[]): boolean => typeof samples.at(-1)?.[1] === 'number';

export function bandsFinder(limits: readonly PlainLimit[]): Finder {
  return {
    bySample: (samples) =>
      newestIsNumber(samples)
        ? beyondLimits(
            numbersOf(samples).map(([, value]) => value),
            limits,
          )
        : null,
  };
}

/** `slicesMs`: of samples of one such slice the newest counts. */
export function rateFinder(overMs: number, perMs: number, limits: readonly PlainLimit[]): Finder {
  const rateAt = (numbers: readonly (readonly [number, number])[]): number | null => {
    const newest = numbers.at(-1);
    if (newest === undefined) return null;
    // Of samples of the same time the last one counts.
    const from = numbers.filter(([time]) => time <= newest[0] - overMs).at(-1);
    if (from === undefined || from[0] < newest[0] - 2 * overMs) return null;
    return ((newest[1] - from[1]) / (newest[0] - from[0])) * perMs;
  };
  return {
    bySample(samples) {
      if (!newestIsNumber(samples)) return null;
      const numbers = numbersOf(samples);
      if (rateAt(numbers) === null) return null;
      const rates = numbers.flatMap((_, index) => rateAt(numbers.slice(0, index + 1)) ?? []);
      return beyondLimits(rates, limits);
    },
  };
}

export function noDataFinder(silences: readonly { readonly afterMs: number; readonly finding: number }[]): Finder {
  return {
    bySample: () => 0,
    byTime(samples, now) {
      const newest = samples.at(-1);
      if (newest === undefined) return null;
      return Math.max(0, ...silences.filter(({ afterMs }) => now - newest[0] >= afterMs).map(({ finding }) => finding));
    },
  };
}

type State = string | number | boolean;
const isState = (value: JsonValue): value is State => ['string', 'number', 'boolean'].includes(typeof value);

/** The first of these levels, the worst first, that holds for the newest state. */
export function stateFinder(levels: readonly { readonly finding: number; readonly holds: (value: State) => boolean }[]): Finder {
  return {
    bySample(samples) {
      const value = samples.at(-1)?.[1] ?? null;
      return isState(value) ? Math.max(0, ...levels.filter(({ holds }) => holds(value)).map(({ finding }) => finding)) : null;
    },
  };
}

export function changedFinder(holdMs: number): Finder {
  const holds = (samples: readonly TimedValue[], now: number): boolean => {
    const states = samples.filter(([, value]) => isState(value));
    const changes = states.filter(([, value], index) => index > 0 && value !== states[index - 1]?.[1]);
    return changes.some(([time], index) => now - time < holdMs && index === changes.length - 1);
  };
  return {
    bySample: (samples) => (isState(samples.at(-1)?.[1] ?? null) ? Number(holds(samples, samples.at(-1)?.[0] ?? 0)) : null),
    byTime: (samples, now) => (samples.length === 0 ? null : Number(holds(samples, now))),
  };
}
