import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import { createPresence, type LivePresence } from '../fleet/live-presence.ts';
import { SAMPLE_STORE_ENGINES } from '../storage/registry.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import { createSystemStore, type EmbeddedSystemStore } from '../storage/system/create-system-store.ts';
import { loadDirectory, loadLatest } from './load-directory.ts';
import { maintainStorage, type StorageMaintenance } from './maintain-storage.ts';
import { savePresence } from './save-presence.ts';
import type { Shutdown } from './shutdown.ts';

export interface Storage {
  readonly system: EmbeddedSystemStore;
  readonly samples: SampleStore;
  readonly maintenance: StorageMaintenance;
  readonly directory: Directory;
  readonly presence: LivePresence;
  /** The sample store takes nothing at the moment; the log says why. */
  readonly failed: () => boolean;
  readonly allocateSeries: () => SeriesId;
  /** In the background: nobody can see the samples of a deleted device any more. */
  readonly removeSamples: (series: readonly SeriesId[]) => void;
}

export interface StoragePorts {
  readonly settings: Settings;
  readonly folder: string;
  readonly log: Log;
  readonly clock: () => number;
  readonly shutdown: Shutdown;
}

/** Both engines, and the fleet in memory as they know it. */
export async function openStorage({ settings, folder, log, clock, shutdown }: StoragePorts): Promise<Storage> {
  const system = createSystemStore({
    folder,
    queueMax: settings['limits.commit-queue'],
    journalBytesMax: settings['limits.journal-bytes'],
    repeatWindowMs: settings['ingest.repeat-window-ms'],
    log,
  });
  shutdown.defer('system store', () => system.stop());
  await system.start();

  let failed = false;
  let directory: Directory | null = null;
  const [engine] = SAMPLE_STORE_ENGINES;
  if (!engine) throw new Error('no sample store engine is registered');
  const createSampleStore = await engine.load();
  const samples = createSampleStore({
    folder: join(folder, 'samples'),
    systemFile: system.file,
    applyIntervalMs: settings['storage.apply-interval-ms'],
    memoryBytes: settings['storage.memory-bytes'],
    hotHours: settings['storage.hot-hours'],
    hotSamplesMax: settings['storage.hot-samples-max'],
    describe(series) {
      const point = directory?.pointOfSeries(series)?.point;
      const project = point && directory?.device(point.device)?.device.project;
      return project ? { series, project, device: point.device, point: point.path } : null;
    },
    log,
    onApplied(journalId) {
      if (failed) log.info({}, 'the sample store works again');
      failed = false;
      system.log.applied(journalId);
    },
    onFailed(error) {
      if (!failed) log.error({ reason: messageOf(error) }, 'the sample store takes nothing; the journal keeps what arrives');
      failed = true;
      const { entry } = error.details ?? {};
      if (typeof entry === 'number') system.log.suspect(entry);
    },
  });
  shutdown.defer('sample store', () => samples.stop());
  await samples.start();

  const presence = createPresence();
  directory = await loadDirectory(system, presence, log);
  const stored = await loadLatest(directory, samples, system.log.lastJournalId, clock());
  const saver = savePresence(presence, directory, system, log);
  shutdown.defer('presence', () => saver.stop());
  const given: number = (await system.points.highestSeries()) ?? 0;
  // The process ended between the deletion of a device and that of its samples, or a last message of it came in between.
  removeSamples(stored.orphans.filter((orphan) => orphan <= given));
  // Of a series that was never given the other half is missing, such as an older backup beside newer samples: they stay, and their numbers too.
  if (stored.highest > given) log.warn({ highest: stored.highest, given }, 'there are samples of points that are not known; they are kept');
  let series = Math.max(given, stored.highest);
  const maintenance = maintainStorage({ settings, samples, directory, clock, log });
  shutdown.defer('storage maintenance', () => maintenance.stop());
  const allocateSeries = () => {
    series += 1;
    return series as SeriesId;
  };
  return { system, samples, maintenance, directory, presence, failed: () => failed, allocateSeries, removeSamples };

  function removeSamples(removed: readonly SeriesId[]): void {
    if (removed.length === 0) return;
    // The next start is another chance.
    samples
      .remove(removed)
      .catch((error: unknown) => log.error({ reason: messageOf(error), series: removed.length }, 'samples of a deleted device could not be removed'));
  }
}
