import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { type MusterError, messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import { createPresence, type LivePresence } from '../fleet/live-presence.ts';
import { SAMPLE_STORE_ENGINES } from '../storage/registry.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import { createSystemStore, type EmbeddedSystemStore } from '../storage/system/create-system-store.ts';
import { loadDirectory, loadLatest } from './load-directory.ts';
import { savePresence } from './save-presence.ts';
import type { Shutdown } from './shutdown.ts';

export interface Storage {
  readonly system: EmbeddedSystemStore;
  readonly samples: SampleStore;
  readonly directory: Directory;
  readonly presence: LivePresence;
  /** Why the sample store takes nothing at the moment; null: it does. */
  readonly failure: () => string | null;
  readonly allocateSeries: () => SeriesId;
}

export interface StoragePorts {
  readonly settings: Settings;
  readonly folder: string;
  readonly log: Log;
  readonly clock: () => number;
  readonly shutdown: Shutdown;
}

/** Both engines, and the fleet in memory as they know it. */
export async function openStorage({ settings, folder, log, shutdown }: StoragePorts): Promise<Storage> {
  const system = createSystemStore({ folder, queueMax: settings['limits.commit-queue'], journalBytesMax: settings['limits.journal-bytes'], log });
  shutdown.defer('system store', () => system.stop());
  await system.start();

  let failed: MusterError | null = null;
  const [engine] = SAMPLE_STORE_ENGINES;
  if (!engine) throw new Error('no sample store engine is registered');
  const createSampleStore = await engine.load();
  const samples = createSampleStore({
    folder: join(folder, 'samples'),
    systemFile: system.file,
    applyIntervalMs: settings['storage.apply-interval-ms'],
    memoryBytes: settings['storage.memory-bytes'],
    log,
    onApplied(journalId) {
      if (failed) log.info({}, 'the sample store works again');
      failed = null;
      system.log.applied(journalId);
    },
    onFailed(error) {
      if (!failed) log.error({ reason: messageOf(error) }, 'the sample store takes nothing; the journal keeps what arrives');
      failed = error;
    },
  });
  shutdown.defer('sample store', () => samples.stop());
  await samples.start();

  const presence = createPresence();
  const directory = await loadDirectory(system, presence, log);
  await loadLatest(directory, samples, system.log.lastJournalId);
  const saver = savePresence(presence, directory, system, log);
  shutdown.defer('presence', () => saver.stop());
  let series: number = (await system.points.highestSeries()) ?? 0;
  const allocateSeries = () => {
    series += 1;
    return series as SeriesId;
  };
  return { system, samples, directory, presence, failure: () => failed?.message ?? null, allocateSeries };
}
