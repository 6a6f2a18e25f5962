import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import { pointRules, storeRules } from '../fleet/retention.ts';
import type { RetentionRules, SampleStore } from '../storage/sample-store.ts';
import type { DiskWatch } from './watch-disk.ts';

/** Moves samples to their files and deletes what is too old, from time to time. */
export interface StorageMaintenance {
  /** Idempotent. Work under way is broken off by the store's own stop. */
  stop(): Promise<void>;
}

export function maintainStorage(ports: {
  readonly settings: Settings;
  readonly samples: SampleStore;
  readonly directory: Directory;
  readonly disk: Pick<DiskWatch, 'refusal' | 'onFull'>;
  readonly clock: () => number;
  readonly log: Log;
}): StorageMaintenance {
  const { settings, samples, directory, disk, clock, log } = ports;
  let running = false;
  const timer = setInterval(() => void maintain(), settings['storage.compact-interval-ms']);
  timer.unref();
  // What is past its retention need not wait for the next round.
  const forget = disk.onFull(() => void maintain());
  return {
    async stop() {
      clearInterval(timer);
      forget();
    },
  };

  async function retention(): Promise<RetentionRules> {
    return storeRules(directory.projects, await pointRules(directory), settings['storage.retention-days'], clock());
  }

  async function maintain(): Promise<void> {
    if (running) return;
    running = true;
    try {
      const { samples: deleted } = await samples.retain(await retention(), 'due');
      if (deleted > 0) log.info({ samples: deleted }, 'samples past their retention were deleted');
      // A file is written before what it holds leaves the hot table, whose own file gives no room back: compaction is for a disk with room.
      if (disk.refusal() !== null) return;
      const { samples: moved, filesWritten, bytesWritten } = await samples.compact({ now: clock(), scope: 'due' });
      if (filesWritten > 0) log.info({ samples: moved, files: filesWritten, bytes: bytesWritten }, 'samples were moved to Parquet files');
    } catch (error: unknown) {
      // Nothing is lost: what could not be moved stays where it is, and the next round tries again.
      if (!(error instanceof MusterError && error.code === 'stopping')) log.error({ reason: messageOf(error) }, 'the sample store could not be maintained');
    } finally {
      running = false;
    }
  }
}
