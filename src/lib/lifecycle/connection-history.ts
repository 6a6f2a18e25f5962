import type { DeviceId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { PresenceObserver } from '../fleet/live-presence.ts';
import type { Connection } from '../fleet/presence.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { ConnectionPlace, ConnectionRecord, LifeStorage } from '../storage/life-storage.ts';

/** When each device was connected, from where and how, and why that ended. It is on disk; memory holds what is on its way there. */
export interface ConnectionHistory extends PresenceObserver {
  /** The newest first; what came before the call is in it. */
  list(device: DeviceId, page: { readonly limit: number; readonly behind: ConnectionPlace | null }): Promise<readonly ConnectionRecord[]>;
  /** The hub begins: what is open on disk was cut off with the hub before it. */
  start(): Promise<void>;
  readonly waiting: number;
  /** Beginnings that were not noted, since the start. */
  readonly dropped: number;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}

export interface ConnectionHistoryPorts {
  readonly storage: LifeStorage['connections'];
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly clock: () => number;
  /** Of each device. */
  readonly keptMax: number;
  /** Connections on their way to the disk; beyond it, beginnings are not noted. */
  readonly waitingMax: number;
  readonly log: Log;
}

/** What comes within it is written together: of a connection that ends at once, one row. */
const EVERY_MS = 500;
/** Rows of one transaction: the writing thread takes some 20 ms for them. */
const BATCH_MAX = 1_000;
const RETRY_MS = 5_000;

export function createConnectionHistory({ storage, commits, clock, keptMax, waitingMax, log }: ConnectionHistoryPorts): ConnectionHistory {
  /** By device, beginning and id. */
  const waiting = new Map<string, ConnectionRecord>();
  let dropped = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<boolean> | null = null;
  let stopped: Promise<void> | null = null;

  return {
    connected(connection, at) {
      // What is not noted here is noted when it ends.
      if (waiting.size >= waitingMax) dropped += 1;
      else put(recordOf(connection, at));
    },
    disconnected(connection, at, reason, since) {
      put({ ...recordOf(connection, since), endedAt: at, reason });
    },
    async list(device, page) {
      await write();
      return storage.list(device, page);
    },
    async start() {
      await commits.commit({ statements: [storage.endAll('the hub ended unexpectedly', clock())] });
    },
    get waiting() {
      return waiting.size;
    },
    get dropped() {
      return dropped;
    },
    stop() {
      stopped ??= end();
      return stopped;
    },
  };

  function put(record: ConnectionRecord): void {
    const key = `${record.device} ${record.startedAt} ${record.id}`;
    waiting.set(key, record);
    writeIn(EVERY_MS);
  }

  function writeIn(ms: number): void {
    if (timer !== null || stopped !== null) return;
    timer = setTimeout(() => {
      timer = null;
      void write();
    }, ms);
    timer.unref();
  }

  async function end(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    await write();
  }

  /** What waits at this moment; resolves to false when it could not be written, which is tried again. */
  async function write(): Promise<boolean> {
    // What waits now may not be in the batches under way.
    await writing;
    if (waiting.size === 0) return true;
    writing ??= writeAll().finally(() => {
      writing = null;
    });
    return writing;
  }

  async function writeAll(): Promise<boolean> {
    for (let rest = waiting.size; rest > 0; rest -= BATCH_MAX) {
      const batch: [string, ConnectionRecord][] = [];
      for (const entry of waiting) if (batch.push(entry) === Math.min(BATCH_MAX, rest)) break;
      for (const [key] of batch) waiting.delete(key);
      const records = batch.map(([, record]) => record);
      const devices = [...new Set(records.map(({ device }) => device))];
      try {
        await commits.commit({ statements: [storage.put(records), storage.trim(devices, keptMax)] });
      } catch (error: unknown) {
        log.warn({ connections: records.length, reason: messageOf(error) }, 'connections of devices could not be noted; they are tried again');
        // Its end may have come meanwhile, and says more.
        for (const [key, record] of batch) if (!waiting.has(key)) waiting.set(key, record);
        writeIn(RETRY_MS);
        return false;
      }
    }
    return true;
  }
}

function recordOf({ id, device, protocol, address, client }: Connection, startedAt: number): ConnectionRecord {
  return { device, startedAt, id, protocol, address, client: client ?? null, endedAt: null, reason: null };
}
