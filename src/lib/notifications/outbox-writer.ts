import type { HubEvent } from '../domain/event.ts';
import type { Log } from '../domain/log.ts';
import type { OutboxEntry } from '../domain/notification.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog } from '../storage/commit-log.ts';

const RETRY_MS = 1_000;
/** Of one transaction: whoever sends samples waits for it. */
const ENTRIES_AT_ONCE = 2_000;
const EVENTS_AT_ONCE = 500;

/** Writes what becomes of outbox entries. */
export interface OutboxWriter {
  /** At once; resolves when it is on disk. */
  decide(entries: readonly OutboxEntry[]): Promise<void>;
  /** Soon, in as few transactions as keep up: what a crash takes of it is sent again under the same key. */
  later(entries: readonly OutboxEntry[], event: HubEvent | null): void;
  /** Resolves when all of it is on disk, or the disk has refused it once more. */
  stop(): Promise<void>;
}

export function createOutboxWriter(ports: {
  readonly storage: Pick<AlarmStorage, 'outbox' | 'events'>;
  readonly log: CommitLog;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly hubLog: Log;
}): OutboxWriter {
  const { storage, log, stream, hubLog } = ports;
  let entries = new Map<string, OutboxEntry>();
  let events: HubEvent[] = [];
  let writing: Promise<void> | null = null;
  let failing = false;
  let stopping = false;

  async function write(): Promise<void> {
    while (entries.size > 0 || events.length > 0) {
      const taken = firstOf(entries.values(), ENTRIES_AT_ONCE);
      const told = events.slice(0, EVENTS_AT_ONCE);
      for (const { id } of taken) entries.delete(id);
      events = events.slice(EVENTS_AT_ONCE);
      try {
        await log.commit({ statements: [storage.outbox.update(taken), storage.events.insert(told)] });
        if (failing) hubLog.info({}, 'the state of notifications is written again');
        failing = false;
        stream.publish(told);
      } catch (error: unknown) {
        if (!failing) hubLog.error({ reason: messageOf(error) }, 'the state of notifications could not be written; it is kept and tried again');
        failing = true;
        // What came meanwhile is newer.
        const newer = entries;
        entries = new Map(taken.map((entry) => [entry.id, entry]));
        for (const [id, entry] of newer) entries.set(id, entry);
        events = [...told, ...events];
        if (stopping) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  function kick(): void {
    // After this turn: what is settled in the same one goes into the same transaction.
    writing ??= Promise.resolve()
      .then(write)
      .finally(() => {
        writing = null;
      });
  }

  return {
    async decide(decided) {
      // A crash in between leaves the rest to another delivery: nothing of this one has been sent.
      for (let from = 0; from < decided.length; from += ENTRIES_AT_ONCE)
        await log.commit({ statements: [storage.outbox.update(decided.slice(from, from + ENTRIES_AT_ONCE))] });
    },
    later(changed, event) {
      for (const entry of changed) entries.set(entry.id, entry);
      if (event !== null) events.push(event);
      kick();
    },
    async stop() {
      stopping = true;
      await writing;
      if (entries.size > 0 || events.length > 0) {
        kick();
        await writing;
      }
    },
  };
}

function firstOf<Item>(items: Iterable<Item>, max: number): Item[] {
  const taken: Item[] = [];
  for (const item of items) {
    if (taken.length >= max) break;
    taken.push(item);
  }
  return taken;
}
