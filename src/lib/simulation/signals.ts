import type { ValueType } from '../domain/value.ts';
import { gaussian, type Random } from './random.ts';

/** What a simulated point does over time. */
export type SignalSpec =
  /** Wanders by about `step` from one value to the next, reflected at `min` and `max`. */
  | { readonly shape: 'walk'; readonly min: number; readonly max: number; readonly step: number; readonly decimals: number }
  /** One wave a day around `mean`, highest at 15:00 UTC, with normal noise. */
  | { readonly shape: 'daily'; readonly mean: number; readonly amplitude: number; readonly noise: number; readonly decimals: number }
  /** Changes its state with the given chance at each value. */
  | { readonly shape: 'on-off'; readonly chance: number }
  /** Never falls: an energy or piece counter. */
  | { readonly shape: 'counter'; readonly perSecond: number };

/** Gives the value for a time (ms since 1970). Called with rising times. */
export type Signal = (time: number) => number | boolean;

const DAY_MS = 86_400_000;
const PEAK_MS = 15 * 3_600_000;

export function valueTypeOf(spec: SignalSpec): ValueType {
  return spec.shape === 'on-off' ? 'boolean' : 'number';
}

export function createSignal(spec: SignalSpec, random: Random): Signal {
  switch (spec.shape) {
    case 'walk':
      return createWalk(spec, random);
    case 'daily':
      return (time) => {
        const wave = Math.cos((2 * Math.PI * ((time % DAY_MS) - PEAK_MS)) / DAY_MS);
        return rounded(spec.mean + spec.amplitude * wave + spec.noise * gaussian(random), spec.decimals);
      };
    case 'on-off': {
      let on = random() < 0.5;
      return () => {
        if (random() < spec.chance) on = !on;
        return on;
      };
    }
    case 'counter': {
      let total = Math.floor(random() * 100_000);
      let before: number | null = null;
      return (time) => {
        if (before !== null && time > before) total += ((time - before) / 1000) * spec.perSecond * 2 * random();
        before = time;
        return Math.floor(total);
      };
    }
  }
}

function createWalk(spec: SignalSpec & { readonly shape: 'walk' }, random: Random): Signal {
  let value = spec.min + (spec.max - spec.min) * (0.25 + 0.5 * random());
  return () => {
    value += spec.step * gaussian(random);
    if (value < spec.min) value = Math.min(2 * spec.min - value, spec.max);
    if (value > spec.max) value = Math.max(2 * spec.max - value, spec.min);
    return rounded(value, spec.decimals);
  };
}

function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
