import type { AlarmSubject } from '../domain/alarm.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import type { ScanBlock } from '../storage/sample-store.ts';
import type { BacktestProgress, BacktestResult, TriedRule } from './backtest.ts';

/** What a rule watches, and which series tell it. */
export interface WatchPlan {
  readonly subjects: readonly AlarmSubject[];
  /** When each began to exist, ms since 1970. */
  readonly createdAt: Float64Array;
  /** Of a group, the devices in it, by their number; of others none. */
  readonly members: readonly (readonly string[])[];
  /** Entry by entry: this series is that slot of that member of that subject. Sorted by series. */
  readonly series: Float64Array;
  readonly subject: Uint32Array;
  readonly slot: Uint16Array;
  readonly member: Uint32Array;
}

export interface PlannedRule extends TriedRule {
  readonly plan: WatchPlan;
  readonly notes: readonly string[];
}

/** What the thread needs to start. */
export interface ReplayOrder {
  readonly rules: readonly PlannedRule[];
  readonly from: number;
  readonly to: number;
  /** Samples before it are shown, and nothing is told. */
  readonly leadFrom: number;
  readonly warmFrom: number;
  readonly late: 'use' | 'skip';
  readonly parts: number;
  /** Listed at most, of each rule. */
  readonly occurrencesMax: number;
  readonly subjectsMax: number;
}

export type ToReplay = { readonly type: 'block'; readonly block: ScanBlock } | { readonly type: 'end' };

export type FromReplay =
  /** A block is done with. */
  | { readonly type: 'taken'; readonly progress: BacktestProgress }
  | { readonly type: 'result'; readonly result: Omit<BacktestResult, 'elapsedMs' | 'series'> }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string;
      readonly details: Readonly<Record<string, unknown>> | null;
    };
