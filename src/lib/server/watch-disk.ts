import { stat, statfs } from 'node:fs/promises';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

/** Room on the disks that the hub writes to. */
export interface DiskWatch {
  /** Bytes, of the disk with the least; null: the system does not say. */
  readonly freeBytes: number | null;
  /** With less room nothing may be written; 0: there is no floor. */
  readonly freeBytesMin: number;
  /** Why nothing may be written at the moment: `disk_full`. null: write. */
  refusal(): MusterError | null;
  /** Called when there is too little room, before anything is refused for it. Returns what takes the listener off again. */
  onFull(listener: () => void): () => void;
  /** Idempotent. */
  stop(): void;
}

export interface DiskWatchOptions {
  /** Those on the same disk are looked at once. */
  readonly folders: readonly string[];
  /** 0: there is no floor; null: one that leaves most of a small disk, too. */
  readonly freeBytesMin: number | null;
  readonly log: Log;
  /** For tests. */
  readonly freeBytesOf?: (folder: string) => Promise<number>;
  readonly totalBytesOf?: (folder: string) => Promise<number>;
  readonly everyMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** So much more than the floor lets writes in again: else the first of them would close the door behind itself. */
const MARGIN = 0.1;
/** A tenth of a large floor may be more than the disk can ever have. */
const MARGIN_BYTES_MAX = 16 * 1024 * 1024;
const RETRY_AFTER_MS = 10_000;
const FLOOR_BYTES = 256 * 1024 * 1024;
const FLOOR_SHARE = 0.1;

/** Looks at the room from time to time; resolves after the first look, so that a hub that starts on a full disk knows it. */
export async function watchDisk(options: DiskWatchOptions): Promise<DiskWatch> {
  const { log, freeBytesOf = bytesFree, totalBytesOf = bytesTotal, everyMs = LOOK_EVERY_MS } = options;
  const folders = await onDifferentDisks(options.folders);
  const freeBytesMin = await diskFloor(options.freeBytesMin, folders, totalBytesOf);
  const listeners = new Set<() => void>();
  let freeBytes: number | null = null;
  let full = false;
  let looking = false;
  let stopped = false;
  await look();
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();

  return {
    freeBytesMin,
    get freeBytes() {
      return freeBytes;
    },
    refusal: () =>
      full
        ? new MusterError('disk_full', `less than ${freeBytesMin} bytes are free on the disk of the hub (storage.free-disk-bytes-min)`, {
            details: { retryAfterMs: RETRY_AFTER_MS },
          })
        : null,
    onFull(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };

  async function look(): Promise<void> {
    // A disk that does not answer gets no second question.
    if (looking || stopped) return;
    looking = true;
    try {
      freeBytes = Math.min(...(await Promise.all(folders.map(freeBytesOf))));
      judge(freeBytes);
    } catch (error: unknown) {
      if (freeBytes !== null) log.warn({ reason: messageOf(error) }, 'the free room of the disk is not known');
      freeBytes = null;
    } finally {
      looking = false;
    }
  }

  function judge(free: number): void {
    if (stopped) return;
    if (!full && free < freeBytesMin) {
      full = true;
      log.error({ free, floor: freeBytesMin }, 'the disk is nearly full: the hub refuses writes and goes on reading');
      for (const listener of listeners) listener();
    } else if (full && free >= freeBytesMin + Math.min(freeBytesMin * MARGIN, MARGIN_BYTES_MAX)) {
      full = false;
      log.info({ free, floor: freeBytesMin }, 'there is room on the disk again: the hub takes writes');
    }
  }
}

/** The floor that is set, in bytes; for null 256 MiB, or a tenth of the smallest disk if that is less. */
export async function diskFloor(
  setting: number | null,
  folders: readonly string[],
  totalBytesOf: (folder: string) => Promise<number> = bytesTotal,
): Promise<number> {
  if (setting !== null) return setting;
  const smallest = await Promise.all(folders.map(totalBytesOf)).then(
    (sizes) => Math.min(...sizes),
    // The same question will fail when the hub looks for room, and be told there.
    () => Number.POSITIVE_INFINITY,
  );
  return Math.floor(Math.min(FLOOR_BYTES, smallest * FLOOR_SHARE));
}

async function bytesTotal(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder);
  return blocks * bsize;
}

async function bytesFree(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function onDifferentDisks(folders: readonly string[]): Promise<readonly string[]> {
  const byDisk = new Map<number, string>();
  for (const folder of folders) {
    const { dev } = await stat(folder);
    if (!byDisk.has(dev)) byDisk.set(dev, folder);
  }
  return [...byDisk.values()];
}
