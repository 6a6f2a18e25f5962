import type { SeriesId } from '../domain/ids.ts';
import { Directory } from '../fleet/directory.ts';
import type { LivePresence, StoredStatuses } from '../fleet/live-presence.ts';
import { HUB_TIME_LEAD_MAX_MS } from '../ingest/hub-time.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

/** The fleet as it is on disk. Most of it is in memory as it came, until somebody asks for it. */
export async function loadDirectory(system: SystemStore, presence: LivePresence): Promise<Directory> {
  const directory = new Directory();
  for (const type of await system.types.all()) directory.putType(type);
  for (const group of await system.groups.all()) directory.groups.put(group);
  const fleet = system.readFleet();
  const statuses: StoredStatuses[] = [];
  try {
    for await (const { devices, series, rows, statuses: ofPiece, last } of fleet.pieces) {
      const packed = directory.unpacking(rows);
      for (const [at, device] of devices.entries()) directory.putStored(device, series[at] ?? [], packed, at);
      statuses.push({ last, take: ofPiece.take });
    }
  } finally {
    await fleet.close();
  }
  presence.restore(statuses);
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
      // The next value without a time of its own must not replace this one.
      const hubTime = time - now <= HUB_TIME_LEAD_MAX_MS ? time : 0;
      if (!directory.restoreNewest(series, { time, value, quality, late }, hubTime)) orphans.push(series);
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
