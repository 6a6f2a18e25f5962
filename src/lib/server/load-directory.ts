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
  const points = inOrder(system.points.all());
  const statuses = inOrder(system.devices.statusBatches());
  let orphans = 0;
  // All three come by device. Together, what belongs to a device lies side by side in memory, and is found without looking it up.
  for (const devices of system.devices.batches()) {
    for (const stored of devices) {
      const entry = directory.putDevice(stored);
      const { id } = entry.device;
      for (; points.next !== null && points.next.device <= id; points.take()) {
        if (points.next.device === id) directory.addPoint(entry, points.next);
        else orphans += 1;
      }
      for (; statuses.next !== null && statuses.next.device <= id; statuses.take()) if (statuses.next.device === id) presence.restore(id, statuses.next);
    }
  }
  for (; points.next !== null; points.take()) orphans += 1;
  if (orphans > 0) log.warn({ orphans }, 'points of unknown devices were left out');
  return directory;
}

/** One after the other; `next` stays until it is taken, and is null behind the last. */
function inOrder<Item>(batches: Iterable<readonly Item[]>): { next: Item | null; take(): void } {
  const rest = batches[Symbol.iterator]();
  let batch: readonly Item[] = [];
  let at = 0;
  const order = {
    next: null as Item | null,
    take() {
      if (at === batch.length) {
        const { value } = rest.next() as { value?: readonly Item[] };
        batch = value ?? [];
        at = 0;
      }
      order.next = batch[at] ?? null;
      at += 1;
    },
  };
  order.take();
  return order;
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
