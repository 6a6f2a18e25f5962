import { tallyText } from '../summary.ts';
import type { Tally } from '../tally.ts';
import { type Board, valueText } from './board.ts';
import type { BundledRecording } from './recordings.ts';

export const REPLAYING = 'Replaying';

/** What a demonstration is doing, for the screen or the lines that stand in for it. */
export interface DemoState {
  readonly board: Board;
  readonly tally: Tally;
  readonly recordings: readonly BundledRecording[];
  phase: string;
  warning: string | null;
  /** performance.now() of the beginning of the replay */
  beganAt: number | null;
  lengthMs: number | null;
}

export function statusLine({ phase, beganAt, lengthMs, tally }: DemoState): string {
  if (beganAt === null || lengthMs === null) return `${phase} ...`;
  if (phase !== REPLAYING) return `${phase}: ${tallyText(tally)}`;
  const seconds = (performance.now() - beganAt) / 1000;
  const rate = seconds > 0.5 ? `, ${Math.round(tally.acknowledged.samples / seconds)}/s` : '';
  return `${Math.round(Math.min(seconds, lengthMs / 1000))} of ${Math.round(lengthMs / 1000)} s: ${tallyText(tally)}${rate}`;
}

/** The newest value of each point, for where there is no screen. */
export function valuesLine({ board }: DemoState): string {
  return board
    .points()
    .map((point) => `${point.device} ${point.path} ${valueText(point)}`)
    .join(', ');
}
