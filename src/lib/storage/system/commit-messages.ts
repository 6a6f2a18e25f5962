import type { CommitFailure, Statement } from '../commit-log.ts';

/** What the event loop and the writing thread say to each other. */

/** A unit of a group that has statements; units of samples alone are in the blob and need no more. */
export interface GroupUnit {
  readonly statements: readonly Statement[];
  /** Its rows in the blob: dropped when the unit is refused. */
  readonly firstRow: number;
  readonly rows: number;
}

export type ToWriter =
  | {
      readonly kind: 'group';
      /** All samples of the group, encoded; transferred. */
      readonly blob: Uint8Array | null;
      readonly samples: number;
      readonly committedAt: number;
      readonly units: readonly GroupUnit[];
      /** Journal entries up to this one go, 0 for none. */
      readonly deleteUpTo: number;
    }
  | { readonly kind: 'close' };

export interface Refusal {
  readonly reason: CommitFailure;
  readonly message: string;
  readonly constraint: string | null;
}

/** Of one unit with statements: rows changed by each, or why it was undone. */
export type UnitOutcome = { readonly ok: true; readonly changes: readonly number[] } | ({ readonly ok: false } & Refusal);

export type FromWriter =
  | { readonly kind: 'ready'; readonly lastJournalId: number; readonly entries: readonly (readonly [id: number, bytes: number])[] }
  | { readonly kind: 'unusable'; readonly message: string; readonly hint: string | null }
  | { readonly kind: 'committed'; readonly journalId: number | null; readonly outcomes: readonly UnitOutcome[] }
  | { readonly kind: 'failed'; readonly message: string };

export interface WriterOptions {
  readonly file: string;
}
