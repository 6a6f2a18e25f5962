import { uuidv7 } from 'uuidv7';
import type { HubEvent } from '../domain/event.ts';
import type { EventId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog } from '../storage/commit-log.ts';

export type NewEvent = Omit<HubEvent, 'id' | 'recordedAt'>;

/** Takes events that are not part of a transaction of their own, such as connections, and writes them in batches, soon. */
export interface EventRecorder {
  /** Gives it its id, and queues it. Never throws and never waits: beyond limits.events-waiting it is dropped and counted. */
  record(event: NewEvent): void;
  /** An event with its id, for those who commit it themselves and publish it then. */
  complete(event: NewEvent): HubEvent;
  readonly waiting: number;
  /** Since the start. */
  readonly dropped: number;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}

export interface EventRecorderPorts {
  readonly storage: Pick<AlarmStorage['events'], 'insert'>;
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly clock: () => number;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => unknown;
  readonly waitingMax: number;
  /** They are on disk. Must not throw. */
  readonly onCommitted: (events: readonly HubEvent[]) => void;
  readonly log: Log;
}

const EVERY_MS = 250;
/** Of one statement: the writing thread takes 20 ms for it, which everybody else waits. */
const BATCH_MAX = 1_000;
const TELL_AGAIN_MS = 60_000;

export function createEventRecorder({ storage, commits, clock, closed, waitingMax, onCommitted, log }: EventRecorderPorts): EventRecorder {
  let queue: HubEvent[] = [];
  let dropped = 0;
  let droppedTold = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<boolean> | null = null;
  let stopped = false;
  let ended: Promise<void> | null = null;

  const complete = (event: NewEvent): HubEvent => ({ ...event, id: uuidv7() as EventId, recordedAt: clock() });
  return {
    complete,
    record(event) {
      // Of no use to anybody who has to make room first.
      if (stopped || queue.length >= waitingMax || closed() !== null) {
        dropped += 1;
        return;
      }
      queue.push(complete(event));
      writeLater();
    },
    get waiting() {
      return queue.length;
    },
    get dropped() {
      return dropped;
    },
    stop() {
      ended ??= end();
      return ended;
    },
  };

  async function end(): Promise<void> {
    stopped = true;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    await writing;
    // What cannot be written now never will be.
    while (queue.length > 0) if (!(await write())) break;
    dropped += queue.length;
    queue = [];
  }

  function writeLater(): void {
    if (stopped || timer !== null || writing !== null) return;
    timer = setTimeout(() => {
      timer = null;
      writing = writeAll().finally(() => {
        writing = null;
        if (queue.length > 0) writeLater();
      });
    }, EVERY_MS);
    timer.unref();
  }

  /** Until there is less than a batch, or a batch fails: then it is tried again with the next. */
  async function writeAll(): Promise<boolean> {
    tellDropped();
    do if (!(await write())) return false;
    while (queue.length >= BATCH_MAX && !stopped);
    return true;
  }

  async function write(): Promise<boolean> {
    const batch = queue.slice(0, BATCH_MAX);
    try {
      await commits.commit({ statements: [storage.insert(batch)] });
    } catch (error: unknown) {
      tell({ events: queue.length, reason: messageOf(error) }, 'events could not be written; they are tried again');
      return false;
    }
    queue = queue.slice(batch.length);
    onCommitted(batch);
    return true;
  }

  function tellDropped(): void {
    if (dropped === droppedTold) return;
    if (tell({ events: dropped - droppedTold }, 'events were dropped: more came than could be written (limits.events-waiting), or the disk is full'))
      droppedTold = dropped;
  }

  function tell(facts: Readonly<Record<string, unknown>>, message: string): boolean {
    const now = performance.now();
    if (now - toldAt < TELL_AGAIN_MS) return false;
    toldAt = now;
    log.warn(facts, message);
    return true;
  }
}
