import type { CommitFailure, Statement } from '../commit-log.ts';

/** What the event loop and the writing thread say to each other. */

/** A unit of a group that has statements; all others are in the buffers of the group and need no more. */
export interface GroupUnit {
  readonly statements: readonly Statement[];
  /** Its own part of the buffers, which goes when the unit is refused: rows of the blob, bytes of the changes, bytes of the marks. */
  readonly rows: Span;
  readonly changes: Span;
  readonly marks: Span;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Group {
  readonly kind: 'group';
  /** All samples of the group, encoded (journal-codec.ts). This buffer and the next two are transferred. */
  readonly blob: Uint8Array | null;
  readonly samples: number;
  /** All changes of the group, encoded (change-codec.ts). */
  readonly changes: Uint8Array | null;
  /** All marks of the group, encoded (recent-marks.ts). */
  readonly marks: Uint8Array | null;
  readonly committedAt: number;
  readonly units: readonly GroupUnit[];
  /** Journal entries up to this one go, 0 for none. */
  readonly deleteUpTo: number;
  /** Journal entries that could not be applied: those that are damaged are set aside. */
  readonly suspects: readonly number[];
  /** Write something, so that a disk that fails is found out. */
  readonly probe: boolean;
}

export type ToWriter = Group | { readonly kind: 'close' };

export interface Refusal {
  readonly reason: CommitFailure;
  readonly message: string;
  readonly constraint: string | null;
}

/** Of one unit with statements: rows changed by each, or why it was undone. */
export type UnitOutcome = { readonly ok: true; readonly changes: readonly number[] } | ({ readonly ok: false } & Refusal);

/** Something that was found damaged and set aside in the table `damaged_entries`. */
export interface DamagedEntry {
  readonly source: 'journal' | 'broker_log';
  readonly entry: number;
  readonly reason: string;
}

export type FromWriter =
  | {
      readonly kind: 'ready';
      readonly lastJournalId: number;
      readonly entries: readonly (readonly [id: number, bytes: number])[];
      /** Found at this start. */
      readonly damaged: readonly DamagedEntry[];
      /** All that were ever set aside and are still kept. */
      readonly damagedKept: number;
    }
  | { readonly kind: 'unusable'; readonly message: string; readonly hint: string | null }
  | {
      readonly kind: 'committed';
      readonly journalId: number | null;
      readonly outcomes: readonly UnitOutcome[];
      /** Of the transaction, fsync included. */
      readonly elapsedMs: number;
      /** Broker changes that were logged, and those that went on into the tables. */
      readonly changesLogged: number;
      readonly changesStored: number;
      readonly damaged: readonly DamagedEntry[];
    }
  | { readonly kind: 'failed'; readonly message: string };

export interface WriterOptions {
  readonly file: string;
  /** Marks older than this are forgotten. */
  readonly repeatWindowMs: number;
}
