import type { DeviceEntry } from '../fleet/directory.ts';
import type { AlarmChanges } from './alarm-changes.ts';
import type { ResolvedSample } from './batch.ts';

/** The `evaluate` step of the spine, as the pipeline sees it (supervision/ implements it). */
export interface AlarmEvaluator {
  /** In the order of the samples. Sends nothing. null: nothing to commit, which is so nearly always. `mayBeRepeat`: they may have been here before, and what is older than the newest is not looked at again. */
  evaluate(device: DeviceEntry, samples: readonly ResolvedSample[], receivedAt: number, mayBeRepeat?: boolean): AlarmChanges | null;
}
