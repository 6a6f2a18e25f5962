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
  for (const group of await system.groups.all()) directory.groups.put(group);
  for (const devices of system.devices.batches()) for (const device of devices) directory.putDevice(device);
  let orphans = 0;
  for (const points of system.points.all()) {
    const device = points[0] && directory.device(points[0].device);
    for (const point of device === undefined ? [] : points) directory.putPoint(point);
    if (device === undefined) orphans += points.length;
  }
  if (orphans > 0) log.warn({ orphans }, 'points of unknown devices were left out');
  for (const statuses of system.devices.statusBatches()) {
    for (const status of statuses) {
      // The text of its id that is there already.
      const device = directory.device(status.device)?.device;
      if (device !== undefined) presence.restore(device.id, status);
    }
  }
  return directory;
}

/**
 * Puts the newest value of every point into the directory, from what is committed; what arrives meanwhile is newer. Gives the series
 * of points that are not known.
 */
export async function loadLatest(directory: Directory, store: SampleStore, now: number): Promise<readonly SeriesId[]> {
  const orphans: SeriesId[] = [];
  for await (const rows of store.latest()) {
    for (const { series, time, value, quality, late } of rows) {
      const entry = directory.pointOfSeries(series);
      if (!entry) {
        orphans.push(series);
        continue;
      }
      if (entry.latestTime < time) entry.latest = { time, value, quality, late };
      // The next value without a time of its own must not replace this one.
      if (time - now <= HUB_TIME_LEAD_MAX_MS) entry.hubTime = Math.max(entry.hubTime, time);
    }
  }
  return orphans;
}

/**
 * May the next value without a time of its own take the time of one that is stored? Only when the hub's times ran ahead of its clock: they
 * then have to be known before the first value is taken.
 */
export function timesRunAhead(store: SampleStore, now: number): Promise<boolean> {
  return store.holds({ from: now, to: now + HUB_TIME_LEAD_MAX_MS });
}
