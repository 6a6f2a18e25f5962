import { randomFillSync } from 'node:crypto';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';

/** What a start takes at most: the log of the broker's changes on its way into tables, and the engines' own logs. */
const RESERVE_BYTES = 16 * 1024 * 1024;
/** With less room than this a start may fail. */
const ROOM_FOR_A_START_BYTES = RESERVE_BYTES / 2;
const LOOK_EVERY_MS = 10_000;
const CHUNK_BYTES = 1024 * 1024;

/** A file that takes room away from others on the disk, and is deleted when a hub is to start on a disk without any. */
export interface DiskReserve {
  /** Idempotent. */
  stop(): Promise<void>;
}

export interface DiskReserveOptions {
  readonly folder: string;
  /** storage.free-disk-bytes-min: the file must not be what closes the door. */
  readonly freeBytesMin: number;
  readonly log: Log;
  /** For tests. */
  readonly everyMs?: number;
}

/** Only for whoever holds the lock of the folder. Gives the room back at once if it is needed; otherwise sets it aside in the background. */
export async function openDiskReserve({ folder, freeBytesMin, log, everyMs = LOOK_EVERY_MS }: DiskReserveOptions): Promise<DiskReserve> {
  const file = join(folder, 'reserve');
  const unfinished = `${file}.unfinished`;
  let stopped = false;
  let working: Promise<void> = Promise.resolve();
  await rm(unfinished, { force: true });
  if ((await freeBytes()) < ROOM_FOR_A_START_BYTES && (await exists())) {
    await rm(file, { force: true });
    log.warn({ file, bytes: RESERVE_BYTES }, 'the disk is full: the hub starts in the room that it had set aside');
  }
  const look = () => {
    working = working.then(setAside).catch((error: unknown) => log.debug({ file, reason: messageOf(error) }, 'no room could be set aside'));
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await working;
    },
  };

  async function setAside(): Promise<void> {
    if (stopped || (await exists())) return;
    if ((await freeBytes()) - RESERVE_BYTES < Math.max(2 * freeBytesMin, 2 * RESERVE_BYTES)) return;
    const to = await open(unfinished, 'w', 0o600);
    try {
      // Some file systems take no room for zeros.
      const chunk = randomFillSync(Buffer.alloc(CHUNK_BYTES));
      for (let bytes = 0; bytes < RESERVE_BYTES && !stopped; bytes += CHUNK_BYTES) await to.writeFile(chunk);
    } finally {
      await to.close();
    }
    if (stopped) await rm(unfinished, { force: true });
    else await rename(unfinished, file);
  }

  async function exists(): Promise<boolean> {
    return stat(file).then(
      () => true,
      () => false,
    );
  }

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  }
}
