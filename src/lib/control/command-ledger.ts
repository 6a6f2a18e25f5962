import type { Command, CommandState } from '../domain/command.ts';
import type { HubEvent } from '../domain/event.ts';
import type { CommandId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { CommandStorage } from '../storage/command-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import { commandCreated, commandSettled } from './command-events.ts';

/** Of one transaction: the writing thread takes some 20 ms for it, which everybody else waits. */
const COMMANDS_MAX = 1_000;
const RETRY_MS = 1_000;

export interface Change {
  readonly command: Command;
  /** null: it is new. */
  readonly before: CommandState | null;
}

/** The way of commands to the disk, with what the journal of events says of them. What comes while the disk is busy goes together. */
export interface CommandLedger {
  /** Resolves once all of them are on disk. Rejects when none is. */
  insert(commands: readonly Command[]): Promise<void>;
  /** For who commits them with something else: the statements, and what is to be called then. */
  statementsFor(commands: readonly Command[]): { readonly statements: readonly Statement[]; committed(): void };
  /** Written soon; tried again until it is. */
  change(command: Command, before: CommandState): void;
  /** Resolves once the changes of this command, as it is now, are on disk; rejects when they could not be written now. */
  written(id: CommandId): Promise<void>;
  /** Writes what waits, once. Idempotent. */
  stop(): Promise<void>;
}

export interface LedgerPorts {
  readonly storage: Pick<CommandStorage, 'insert' | 'update'>;
  readonly insertEvents: (events: readonly HubEvent[]) => Statement;
  readonly complete: (event: NewEvent) => HubEvent;
  readonly publish: (events: readonly HubEvent[]) => void;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  /** They are on disk. Must not throw. */
  readonly onWritten: (changes: readonly Change[]) => void;
  readonly log: Log;
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

export function createCommandLedger(ports: LedgerPorts): CommandLedger {
  const { storage, log } = ports;
  let insertions: Insertion[] = [];
  let changed = new Map<CommandId, Pending>();
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
    statementsFor(commands) {
      const events = commands.map((command) => ports.complete(commandCreated(command)));
      return {
        statements: commands.length === 0 ? [] : [...storage.insert(commands), ports.insertEvents(events)],
        committed() {
          ports.publish(events);
          ports.onWritten(commands.map(asNew));
        },
      };
    },
    change(command, before) {
      pendingOf(command).changes.push({ command, before });
      if (retry === null) schedule();
    },
    written(id) {
      const pending = changed.get(id) ?? writing.get(id);
      if (pending === undefined) return Promise.resolve();
      return new Promise((resolve, reject) => {
        pending.waiters.push({ resolve, reject });
        // Whoever waits need not wait for the next try.
        schedule();
      });
    },
    async stop() {
      if (retry !== null) clearTimeout(retry);
      retry = null;
      await busy;
      while (insertions.length > 0 || changed.size > 0) if (!(await write())) break;
    },
  };

  function pendingOf(command: Command): Pending {
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
    const pending = takeChanges(COMMANDS_MAX - made.length);
    writing = pending;
    const changes = [...pending.values()].flatMap((each) => each.changes);
    const events = [...made.map(commandCreated), ...settledIn(pending)].map(ports.complete);
    const statements = [
      ...(made.length === 0 ? [] : storage.insert(made)),
      ...(pending.size === 0 ? [] : storage.update([...pending.values()].map(({ command }) => command))),
      ...(events.length === 0 ? [] : [ports.insertEvents(events)]),
    ];
    try {
      await ports.commit(statements);
    } catch (error: unknown) {
      writing = new Map();
      failed(inserted, pending, error);
      return false;
    }
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
      const newer = changed.get(id);
      if (newer === undefined) changed.set(id, { command, changes, waiters: [] });
      else newer.changes.unshift(...changes);
    }
  }

  function takeInsertions(): Insertion[] {
    let count = 0;
    let taken = 0;
    for (const { commands } of insertions) {
      if (taken > 0 && count + commands.length > COMMANDS_MAX) break;
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

function asNew(command: Command): Change {
  return { command, before: null };
}

function settledIn(pending: ReadonlyMap<CommandId, Pending>): NewEvent[] {
  return [...pending.values()].flatMap(({ changes }) =>
    changes.flatMap(({ command, before }) => (command.state === before ? [] : (commandSettled(command) ?? []))),
  );
}
