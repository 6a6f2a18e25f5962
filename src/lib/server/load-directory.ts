import type { SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { Directory } from '../fleet/directory.ts';
import type { LivePresence } from '../fleet/live-presence.ts';
import { HUB_TIME_LEAD_MAX_MS } from '../ingest/hub-time.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

/** The fleet as it is on disk, with the newest value of every point. */
export async function loadDirectory(system: SystemStore, presence: LivePresence, log: Log): Promise<Directory> {
  const directory = new Directory();
  for (const type of await system.types.all()) directory.putType(type);
  for (const device of await system.devices.all()) directory.putDevice(device);
  let orphans = 0;
  for (const point of await system.points.all()) {
    if (directory.device(point.device)) directory.putPoint(point);
    else orphans += 1;
  }
  if (orphans > 0) log.warn({ orphans }, 'points of unknown devices were left out');
  for (const { device, ...status } of await system.devices.statuses()) if (directory.device(device)) presence.restore(device, status);
  return directory;
}

export interface StoredSeries {
  /** The highest that has samples; 0: none has. */
  readonly highest: number;
  /** Of no point that is known. */
  readonly orphans: readonly SeriesId[];
}

/** The newest values, from what is committed. */
export async function loadLatest(directory: Directory, store: SampleStore, lastJournalId: number, now: number): Promise<StoredSeries> {
  await store.flush(lastJournalId);
  let highest = 0;
  const orphans: SeriesId[] = [];
  for await (const rows of store.latest()) {
    for (const { series, time, value, quality, late } of rows) {
      highest = Math.max(highest, series);
      const entry = directory.pointOfSeries(series);
      if (!entry) {
        orphans.push(series);
        continue;
      }
      entry.latest = { time, value, quality, late };
      // The next value without a time of its own must not replace this one.
      if (time - now <= HUB_TIME_LEAD_MAX_MS) entry.hubTime = time;
    }
  }
  return { highest, orphans };
}
