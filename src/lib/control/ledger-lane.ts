import type { Command, CommandState } from '../domain/command.ts';
import type { HubEvent } from '../domain/event.ts';
import type { CommandId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { CommandStorage } from '../storage/command-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import { createBite } from './bite.ts';
import { commandCreated, commandSettled } from './command-events.ts';

/** Of one transaction. */
const BITE = { least: 150, most: 1_000, targetMs: 50 };
const RETRY_MS = 1_000;
/**
 * That a command went to a connection is written with what comes next, or after so long: a run that ends takes what was sent for what waits anyway, and most devices answer
 * sooner.
 */
const SENT_RESTS_MS = 100;

export interface Change {
  readonly command: Command;
  /** null: it is new. */
  readonly before: CommandState | null;
}

export interface LanePorts {
  readonly storage: Pick<CommandStorage, 'insert' | 'update'>;
  readonly insertEvents: (events: readonly HubEvent[]) => Statement;
  readonly complete: (event: NewEvent) => HubEvent;
  readonly publish: (events: readonly HubEvent[]) => void;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  /** They are on disk. Must not throw. */
  readonly onWritten: (changes: readonly Change[]) => void;
  readonly log: Log;
}

/** Commands on their way to the disk, one transaction after the other. What comes while the disk is busy goes together. */
export interface LedgerLane {
  /** Resolves once all of them are on disk. Rejects when none is. */
  insert(commands: readonly Command[]): Promise<void>;
  /** Written soon; tried again until it is. */
  change(command: Command, before: CommandState): void;
  /** null: nothing of it waits here. Else resolves once its changes are on disk; rejects when they could not be written now. */
  written(id: CommandId): Promise<void> | null;
  /** Writes what waits, once. Idempotent. */
  stop(): Promise<void>;
}

interface Insertion {
  readonly commands: readonly Command[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The newest of one command, and the states that it went through since it was written. */
interface Pending {
  command: Command;
  readonly changes: Change[];
  readonly waiters: { resolve(): void; reject(error: unknown): void }[];
}

export function createLedgerLane(ports: LanePorts): LedgerLane {
  const { storage, log } = ports;
  const bite = createBite(BITE);
  let insertions: Insertion[] = [];
  let changed = new Map<CommandId, Pending>();
  /** Sent, and nothing else yet. */
  let resting = new Map<CommandId, Pending>();
  let restTimer: NodeJS.Timeout | null = null;
  /** On their way to the disk. */
  let writing: ReadonlyMap<CommandId, Pending> = new Map();
  let busy: Promise<void> | null = null;
  let retry: NodeJS.Timeout | null = null;
  let scheduled = false;
  let failing = false;

  return {
    insert(commands) {
      return new Promise((resolve, reject) => {
        insertions.push({ commands, resolve, reject });
        schedule();
      });
    },
    change(command, before) {
      if (command.state === 'sent' && !changed.has(command.id)) return rest(command, before);
      pendingOf(command).changes.push({ command, before });
      if (retry === null) schedule();
    },
    written(id) {
      rested(id);
      const pending = changed.get(id) ?? writing.get(id);
      if (pending === undefined) return null;
      return new Promise((resolve, reject) => {
        pending.waiters.push({ resolve, reject });
        // Whoever waits need not wait for the next try.
        schedule();
      });
    },
    async stop() {
      if (retry !== null) clearTimeout(retry);
      retry = null;
      restsNoLonger();
      await busy;
      while (insertions.length > 0 || changed.size > 0) if (!(await write())) break;
    },
  };

  function rest(command: Command, before: CommandState): void {
    const known = resting.get(command.id);
    if (known === undefined) resting.set(command.id, { command, changes: [{ command, before }], waiters: [] });
    else {
      known.command = command;
      known.changes.push({ command, before });
    }
    restTimer ??= setTimeout(restsNoLonger, SENT_RESTS_MS).unref();
  }

  function restsNoLonger(): void {
    if (restTimer !== null) clearTimeout(restTimer);
    restTimer = null;
    if (resting.size === 0) return;
    for (const [id, pending] of resting) changed.set(id, pending);
    resting = new Map();
    if (retry === null) schedule();
  }

  /** Something else is to be written of it. */
  function rested(id: CommandId): void {
    const pending = resting.get(id);
    if (pending === undefined) return;
    resting.delete(id);
    changed.set(id, pending);
  }

  function pendingOf(command: Command): Pending {
    rested(command.id);
    const known = changed.get(command.id);
    if (known !== undefined) {
      known.command = command;
      return known;
    }
    const pending: Pending = { command, changes: [], waiters: [] };
    changed.set(command.id, pending);
    return pending;
  }

  function schedule(): void {
    if (scheduled || busy !== null) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (busy !== null) return;
      busy = writeAll().finally(() => {
        busy = null;
        if (insertions.length > 0 || (changed.size > 0 && retry === null)) schedule();
      });
    });
  }

  async function writeAll(): Promise<void> {
    while (insertions.length > 0 || changed.size > 0) {
      if (await write()) continue;
      retry ??= setTimeout(() => {
        retry = null;
        schedule();
      }, RETRY_MS).unref();
      return;
    }
  }

  /** One transaction; false when it failed. */
  async function write(): Promise<boolean> {
    const inserted = takeInsertions();
    const made = inserted.flatMap(({ commands }) => commands);
    // Devices that answer wait for it: they have their share, however much is asked.
    const pending = takeChanges(Math.max(bite.size - made.length, Math.ceil(bite.size / 2)));
    writing = pending;
    const changes = [...pending.values()].flatMap((each) => each.changes);
    const events = [...made.map(commandCreated), ...settledIn(pending)].map(ports.complete);
    const statements = [
      ...(made.length === 0 ? [] : storage.insert(made)),
      ...(pending.size === 0 ? [] : storage.update([...pending.values()].map(({ command }) => command))),
      ...(events.length === 0 ? [] : [ports.insertEvents(events)]),
    ];
    const began = performance.now();
    try {
      await ports.commit(statements);
    } catch (error: unknown) {
      writing = new Map();
      failed(inserted, pending, error);
      return false;
    }
    bite.took(made.length + pending.size, performance.now() - began);
    writing = new Map();
    failing = false;
    ports.publish(events);
    ports.onWritten([...made.map(asNew), ...changes]);
    for (const { resolve } of inserted) resolve();
    for (const { waiters } of pending.values()) for (const { resolve } of waiters) resolve();
    return true;
  }

  function failed(inserted: readonly Insertion[], pending: ReadonlyMap<CommandId, Pending>, error: unknown): void {
    if (!failing) log.warn({ reason: messageOf(error) }, 'what became of commands could not be written; it is tried again');
    failing = true;
    for (const { reject } of inserted) reject(error);
    for (const [id, { command, changes, waiters }] of pending) {
      for (const { reject } of waiters) reject(error);
      rested(id);
      const newer = changed.get(id);
      if (newer === undefined) changed.set(id, { command, changes, waiters: [] });
      else newer.changes.unshift(...changes);
    }
  }

  function takeInsertions(): Insertion[] {
    let count = 0;
    let taken = 0;
    for (const { commands } of insertions) {
      if (taken > 0 && count + commands.length > bite.size) break;
      count += commands.length;
      taken += 1;
    }
    const group = insertions.slice(0, taken);
    insertions = insertions.slice(taken);
    return group;
  }

  function takeChanges(max: number): ReadonlyMap<CommandId, Pending> {
    if (changed.size <= max) {
      const all = changed;
      changed = new Map();
      return all;
    }
    const some = new Map<CommandId, Pending>();
    for (const [id, pending] of changed) {
      if (some.size >= max) break;
      some.set(id, pending);
      changed.delete(id);
    }
    return some;
  }
}

export function asNew(command: Command): Change {
  return { command, before: null };
}

function settledIn(pending: ReadonlyMap<CommandId, Pending>): NewEvent[] {
  return [...pending.values()].flatMap(({ changes }) =>
    changes.flatMap(({ command, before }) => (command.state === before ? [] : (commandSettled(command) ?? []))),
  );
}
