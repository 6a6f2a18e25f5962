import type { Statement } from '../storage/commit-log.ts';

/** What the samples of a message did to alarms, to be committed with them. One of the two is called, once. */
export interface AlarmChanges {
  readonly statements: readonly Statement[];
  /** All of it is on disk. Must not throw. */
  committed(): void;
  /** The transaction failed. What was found stands in memory and is committed with what comes next. Must not throw. */
  failed(): void;
}
