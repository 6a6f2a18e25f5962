import type { BrokerChange } from './broker-state.ts';
import type { SampleColumns } from './sample-columns.ts';

/** A parameter of a statement, as the database takes it. */
export type SqlValue = string | number | null | Uint8Array;

/** One SQL statement that changes system data. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
  /** The statement must change at least one row, else the whole unit is undone and refused with `stale`. */
  readonly mustChange?: boolean;
}

/** What is committed as one: all of it or nothing, durable when the promise resolves. */
export interface CommitUnit {
  readonly statements?: readonly Statement[];
  /** Buffers are transferred: the caller must not touch them again. */
  readonly samples?: SampleColumns;
  /** Never refused by themselves; gone with the unit when one of its statements is. */
  readonly changes?: readonly BrokerChange[];
  /** Messages of the unit that their senders may repeat. */
  readonly marks?: readonly MessageMark[];
}

/** What is remembered of a message for a while, to know it again. */
export interface MessageMark {
  /** 64 bits of a hash over sender, id and payload, in two halves of 32. */
  readonly keyHigh: number;
  readonly keyLow: number;
  readonly accepted: number;
  readonly rejected: number;
}

export interface CommitReceipt {
  /** The journal entry that holds the samples; null for a unit without samples. */
  readonly journalId: number | null;
  /** Rows changed, per statement. */
  readonly changes: readonly number[];
}

/**
 * The one writer of system data and of the ingest journal. Units that wait are written together: one transaction,
 * one fsync (group commit). A unit that is refused undoes itself alone.
 */
export interface CommitLog {
  commit(unit: CommitUnit): Promise<CommitReceipt>;
  /** The newest journal entry that is on disk; 0 before the first. */
  readonly lastJournalId: number;
  /** Journal entries up to this one are in the sample store and may be deleted. */
  applied(journalId: number): void;
  /** Units that wait for the disk. */
  readonly depth: number;
}

/** One group that is on disk. */
export interface CommittedGroup {
  /** The journal entry that holds its samples; null: it had none. */
  readonly journalId: number | null;
  readonly units: number;
  readonly samples: number;
  readonly bytes: number;
  /** Broker changes that came, and those that went on from the log of changes into tables. */
  readonly changesLogged: number;
  readonly changesStored: number;
  /** The transaction with its fsync, without the way to the thread and back. */
  readonly elapsedMs: number;
}

export type CommitFailure = 'unique' | 'reference' | 'stale' | 'overloaded' | 'storage';

/** Why a unit was refused. `unique` and `reference` name the constraint, for example `devices.id`. */
export class CommitError extends Error {
  readonly reason: CommitFailure;
  readonly constraint: string | null;
  constructor(reason: CommitFailure, message: string, constraint: string | null = null, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'CommitError';
    this.reason = reason;
    this.constraint = constraint;
  }
}
