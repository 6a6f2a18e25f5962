import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import { createPresence, type LivePresence } from '../fleet/live-presence.ts';
import { SAMPLE_STORE_ENGINES } from '../storage/registry.ts';
import type { AppliedBatch, MaintenanceRun, SampleStore } from '../storage/sample-store.ts';
import { createSystemStore, type EmbeddedSystemStore } from '../storage/system/create-system-store.ts';
import { loadDirectory, loadLatest, timesRunAhead } from './load-directory.ts';
import { maintainStorage, type StorageMaintenance } from './maintain-storage.ts';
import { savePresence } from './save-presence.ts';
import type { Shutdown } from './shutdown.ts';
import { type DiskWatch, watchDisk } from './watch-disk.ts';

/** Who counts what the sample store does. */
export interface StorageObserver {
  applied(journalId: number, batch: AppliedBatch | null): void;
  maintained(run: MaintenanceRun): void;
}

export interface Storage {
  readonly system: EmbeddedSystemStore;
  readonly samples: SampleStore;
  readonly maintenance: StorageMaintenance;
  readonly directory: Directory;
  readonly presence: LivePresence;
  readonly disk: DiskWatch;
  /** Resolves when the directory holds the newest value of every point; soon after a start. */
  readonly latestKnown: () => Promise<void>;
  /** The sample store takes nothing at the moment; the log says why. */
  readonly failed: () => boolean;
  readonly observe: (observer: StorageObserver) => void;
  readonly allocateSeries: () => SeriesId;
  /** In the background: nobody can see the samples of a deleted device any more. */
  readonly removeSamples: (series: readonly SeriesId[]) => void;
}

export interface StoragePorts {
  readonly settings: Settings;
  readonly folder: string;
  /** For files of the moment. */
  readonly temporaryFolder: string;
  readonly log: Log;
  readonly clock: () => number;
  readonly shutdown: Shutdown;
}

/** A journal so short is applied before the doors open: what was stored before a crash is then known to the last sample. */
const BACKLOG_AWAITED_BYTES = 32 * 1024 * 1024;

/** Both engines, and the fleet in memory as they know it. */
export async function openStorage({ settings, folder, temporaryFolder, log, clock, shutdown }: StoragePorts): Promise<Storage> {
  const disk = await watchDisk({ folders: [folder, temporaryFolder], freeBytesMin: settings['storage.free-disk-bytes-min'], log });
  shutdown.defer('disk watch', () => disk.stop());
  const system = createSystemStore({
    folder,
    queueMax: settings['limits.commit-queue'],
    journalBytesMax: settings['limits.journal-bytes'],
    journalKeptBytes: settings['storage.journal-kept-bytes'],
    repeatWindowMs: settings['ingest.repeat-window-ms'],
    log,
  });
  shutdown.defer('system store', () => system.stop());
  await system.start();

  let failed = false;
  let directory: Directory | null = null;
  let observer: StorageObserver | null = null;
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
    onApplied(journalId, batch) {
      if (failed) log.info({}, 'the sample store works again');
      failed = false;
      system.log.applied(journalId);
      observer?.applied(journalId, batch);
    },
    onMaintained: (run) => observer?.maintained(run),
    onFailed(error) {
      if (!failed) log.error({ reason: messageOf(error) }, 'the sample store takes nothing; the journal keeps what arrives');
      failed = true;
      const { entry } = error.details ?? {};
      if (typeof entry === 'number') system.log.suspect(entry);
    },
  });
  shutdown.defer('sample store', () => samples.stop());
  // Its thread opens the samples while this one reads the fleet.
  const started = samples.start();
  started.catch(() => undefined);
  const presence = createPresence();
  directory = await loadDirectory(system, presence);
  const fleet = directory;
  await started;
  await system.log.goOnBehind(samples.appliedJournalId);
  const saver = savePresence(presence, fleet, system, log);
  shutdown.defer('presence', () => saver.stop());
  const given: number = (await system.points.highestSeries()) ?? 0;
  // The numbers of series that are not known stay taken, as after an older backup beside newer samples.
  let series = Math.max(given, samples.highestSeries);
  let rebuilding: Promise<void> | null = null;
  // Whoever needs it is told what is wrong, and is another attempt; a hub that takes traffic meanwhile must not end for it.
  const latestKnown = () => {
    rebuilding ??= rebuildLatest().catch((error: unknown) => {
      rebuilding = null;
      throw error;
    });
    return rebuilding;
  };
  const known = latestKnown().catch(() => undefined);
  // What cannot be applied has been told to `onFailed`, and stays in the journal.
  if (system.log.journalBytes <= BACKLOG_AWAITED_BYTES) await samples.flush(system.log.lastJournalId).catch(() => undefined);
  if (await timesRunAhead(samples, clock())) await known;
  const maintenance = maintainStorage({ settings, samples, directory, disk, clock, log });
  shutdown.defer('storage maintenance', () => maintenance.stop());
  const allocateSeries = () => {
    series += 1;
    return series as SeriesId;
  };
  return {
    system,
    samples,
    maintenance,
    directory,
    presence,
    disk,
    latestKnown,
    failed: () => failed,
    observe(next) {
      observer = next;
    },
    allocateSeries,
    removeSamples,
  };

  /** Beside the first traffic: reading what a million points reported last takes longer than a device waits for its CONNACK. */
  async function rebuildLatest(): Promise<void> {
    try {
      await samples.flush(system.log.lastJournalId);
      const orphans = await loadLatest(fleet, samples, clock());
      // The process ended between the deletion of a device and that of its samples, or a last message of it came in between. Samples of which
      // no deletion is on record are not for the hub to delete: the half that knew their points was lost, as with an older backup.
      const removed = await system.points.removedOf(orphans);
      removeSamples(removed);
      const unknown = orphans.length - removed.length;
      if (unknown > 0) log.warn({ series: unknown, given }, 'there are samples of points that are not known; they are kept');
    } catch (error: unknown) {
      if (!(error instanceof MusterError && error.code === 'stopping')) log.error({ reason: messageOf(error) }, 'the newest values could not be read');
      throw error;
    }
  }

  function removeSamples(removed: readonly SeriesId[]): void {
    if (removed.length === 0) return;
    // The next start is another chance.
    samples
      .remove(removed)
      .catch((error: unknown) => log.error({ reason: messageOf(error), series: removed.length }, 'samples of a deleted device could not be removed'));
  }
}
