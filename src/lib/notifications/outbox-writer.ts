import type { HubEvent } from '../domain/event.ts';
import type { Log } from '../domain/log.ts';
import type { OutboxEntry } from '../domain/notification.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog } from '../storage/commit-log.ts';

const RETRY_MS = 1_000;
const ENTRIES_AT_ONCE = 20_000;

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
      const taken = [...entries.values()].slice(0, ENTRIES_AT_ONCE);
      const told = events;
      for (const { id } of taken) entries.delete(id);
      events = [];
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
      await log.commit({ statements: [storage.outbox.update(decided)] });
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
