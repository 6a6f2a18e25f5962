import type { Random } from '../../../../src/lib/simulation/random.ts';
import type { Shape } from '../shapes.ts';

export interface Reading {
  readonly time: number;
  readonly level: number;
  readonly mode: 'run' | 'fault' | 'stop';
}

/** Values that cross limits again and again, each with the time at which it was first sent. Whatever is sent once more says the same. */
export interface Wave extends Shape {
  readonly readings: readonly Reading[];
}

const STEP_MAX = 22;
const STAYS = 0.75;

export function createWave(random: Random): Wave {
  const readings: Reading[] = [];
  const reading = (number: number): Reading => {
    while (readings.length <= number) {
      const before = readings.at(-1) ?? { time: 0, level: 50, mode: 'run' as const };
      const level = Math.round(Math.min(100, Math.max(0, before.level + (random() * 2 - 1) * STEP_MAX)) * 10) / 10;
      const mode = random() < STAYS ? before.mode : (['run', 'fault', 'stop'] as const)[Math.floor(random() * 3)];
      readings.push({ time: Math.max(before.time + 1, Date.now()), level, mode: mode ?? 'run' });
    }
    return readings[number] as Reading;
  };
  return {
    readings,
    payload(number) {
      const { time, level, mode } = reading(number);
      return JSON.stringify({ ts: time, values: { level, mode } });
    },
    point: () => 'level',
    time: (number) => reading(number).time,
  };
}
