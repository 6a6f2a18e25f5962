import type { DisplayState } from '../../alarms/state/display-state.ts';
import type { EventKind } from '../../domain/event.ts';
import type { NotifyCause } from '../../domain/notification.ts';
import type { Severity } from '../../domain/severity.ts';
import type { SampleValue } from '../../domain/value.ts';

/** A value that is shown to a rule. `value` null: one whose quality is not good. */
export interface TrialSample {
  readonly time: number;
  readonly device: string;
  readonly point: string;
  readonly value: SampleValue;
}

/** What one value, or the clock, did to the alarm of one subject. Times in ms since 1970. */
export interface TrialStep {
  readonly time: number;
  /** What came: a sample, or the time at which something was due. */
  readonly cause: 'sample' | 'clock';
  readonly subject: string;
  readonly device: string | null;
  readonly point: string | null;
  readonly value: SampleValue;
  /** What the condition finds, before delays and repeats: the name of a level; null: normal. */
  readonly finding: string | null;
  /** A finding that waits; `dueAt` null: for more samples. */
  readonly pending: { readonly level: string | null; readonly since: number; readonly dueAt: number | null } | null;
  /** Confirmed; null: normal. */
  readonly level: string | null;
  readonly severity: Severity | null;
  readonly transitions: readonly EventKind[];
  /** Why somebody is told; null: nobody is. */
  readonly notification: NotifyCause | null;
  /** The rule's actions that are due. */
  readonly actions: 'raised' | 'cleared' | null;
  readonly state: DisplayState;
  readonly message: string | null;
  /** Why it finds what it finds. */
  readonly explanation: string;
  /** Why the value was not looked at; null: it was. */
  readonly ignored: string | null;
}

/** What a trial came to. */
export interface TrialTotals {
  readonly samples: number;
  /** Of points that the rule does not look at. */
  readonly unwatched: number;
  readonly subjects: number;
  readonly raised: number;
  readonly cleared: number;
  readonly notifications: number;
  /** Of all subjects together, up to the last step, ms. */
  readonly activeMs: number;
}
