import type { Command, CommandState } from '../domain/command.ts';
import type { CommandId } from '../domain/ids.ts';
import type { Statement } from '../storage/commit-log.ts';
import { commandCreated } from './command-events.ts';
import { asNew, createLedgerLane, type LanePorts, type LedgerLane } from './ledger-lane.ts';

export type { Change } from './ledger-lane.ts';

/**
 * The way of commands to the disk, with what the journal of events says of them. Those of jobs have a lane of their own: what one person asks does not wait behind what became
 * of a hundred thousand.
 */
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

export function createCommandLedger(ports: LanePorts): CommandLedger {
  const own = createLedgerLane(ports);
  const ofJobs = createLedgerLane(ports);
  const laneOf = ({ job }: Command): LedgerLane => (job === null ? own : ofJobs);

  return {
    insert: (commands) => own.insert(commands),
    statementsFor(commands) {
      const events = commands.map((command) => ports.complete(commandCreated(command)));
      return {
        statements: commands.length === 0 ? [] : [...ports.storage.insert(commands), ports.insertEvents(events)],
        committed() {
          ports.publish(events);
          ports.onWritten(commands.map(asNew));
        },
      };
    },
    change: (command, before) => laneOf(command).change(command, before),
    written: (id) => own.written(id) ?? ofJobs.written(id) ?? Promise.resolve(),
    async stop() {
      await Promise.all([own.stop(), ofJobs.stop()]);
    },
  };
}
