import type { DeviceEntry } from '../fleet/directory.ts';
import type { AlarmChanges } from './alarm-changes.ts';
import type { ResolvedSample } from './batch.ts';

/** The `evaluate` step of the spine, as the pipeline sees it (supervision/ implements it). */
export interface AlarmEvaluator {
  /** In the order of the samples. Sends nothing. null: nothing to commit, which is so nearly always. */
  evaluate(device: DeviceEntry, samples: readonly ResolvedSample[], receivedAt: number): AlarmChanges | null;
}
