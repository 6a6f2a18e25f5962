import type { DeviceEntry } from '../fleet/directory.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { ResolvedSample } from './batch.ts';

/** What the samples of a message did to alarms, to be committed with them. One of the two is called, once. */
export interface AlarmChanges {
  readonly statements: readonly Statement[];
  /** All of it is on disk. Must not throw. */
  committed(): void;
  /** The transaction failed. What was found stands in memory and is committed with what comes next. Must not throw. */
  failed(): void;
}

/** The `evaluate` step of the spine, as the pipeline sees it (supervision/ implements it). */
export interface AlarmEvaluator {
  /** In the order of the samples. Sends nothing. null: nothing to commit, which is so nearly always. */
  evaluate(device: DeviceEntry, samples: readonly ResolvedSample[], receivedAt: number): AlarmChanges | null;
}
