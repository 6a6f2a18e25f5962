import type { SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { Directory } from '../fleet/directory.ts';
import type { LivePresence } from '../fleet/live-presence.ts';
import { HUB_TIME_LEAD_MAX_MS } from '../ingest/hub-time.ts';
import type { FleetReading } from '../storage/fleet-reading.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

/** The fleet as it is on disk, with the newest value of every point. */
export async function loadDirectory(system: SystemStore, presence: LivePresence, log: Log): Promise<Directory> {
  const directory = new Directory();
  for (const type of await system.types.all()) directory.putType(type);
  for (const group of await system.groups.all()) directory.groups.put(group);
  const fleet = system.readFleet();
  try {
    const orphans = await loadDevices(directory, presence, fleet);
    if (orphans > 0) log.warn({ orphans }, 'points of unknown devices were left out');
  } finally {
    await fleet.close();
  }
  return directory;
}

/** All three come by device. Together, what belongs to a device lies side by side in memory, and is found without looking it up. Gives how many points have no device. */
async function loadDevices(directory: Directory, presence: LivePresence, fleet: FleetReading): Promise<number> {
  const points = await inOrder(fleet.points);
  const statuses = await inOrder(fleet.statuses);
  let orphans = 0;
  for await (const devices of fleet.devices) {
    for (const stored of devices) {
      const entry = directory.putDevice(stored);
      const { id } = entry.device;
      while (points.next !== null && points.next.device <= id) {
        if (points.next.device === id) directory.addPoint(entry, points.next);
        else orphans += 1;
        if (!points.take()) await points.read();
      }
      while (statuses.next !== null && statuses.next.device <= id) {
        if (statuses.next.device === id) presence.restore(id, statuses.next);
        if (!statuses.take()) await statuses.read();
      }
    }
  }
  while (points.next !== null) {
    orphans += 1;
    if (!points.take()) await points.read();
  }
  return orphans;
}

interface InOrder<Item> {
  /** Stays until it is taken; null behind the last. */
  readonly next: Item | null;
  /** false: the piece is used up, and the next one is to be read. */
  take(): boolean;
  read(): Promise<void>;
}

/** One after the other, without waiting for each. */
async function inOrder<Item>(pieces: AsyncIterable<readonly Item[]>): Promise<InOrder<Item>> {
  const rest = pieces[Symbol.asyncIterator]();
  let piece: readonly Item[] = [];
  let at = 0;
  const order = {
    next: null as Item | null,
    take() {
      at += 1;
      order.next = piece[at] ?? null;
      return at < piece.length;
    },
    async read() {
      const read = await rest.next();
      piece = read.done === true ? [] : read.value;
      at = 0;
      order.next = piece[0] ?? null;
    },
  };
  await order.read();
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
