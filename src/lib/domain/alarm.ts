import type { AlarmId, DeviceId, PointPath, ProjectId, RuleId } from './ids.ts';
import type { Severity } from './severity.ts';
import type { SampleValue } from './value.ts';

/** What a rule watches: a point (`device` and `point`), a device (`device` alone), or a group of devices (`group` alone). */
export interface AlarmSubject {
  readonly device: DeviceId | null;
  readonly point: PointPath | null;
  /** The path of the group, such as `paris/hall-2`. */
  readonly group: string | null;
}

/** Where the condition was evaluated. What a gateway raised is not evaluated again by the hub. */
export const ALARM_ORIGINS = ['hub', 'edge'] as const;
export type AlarmOrigin = (typeof ALARM_ORIGINS)[number];

/**
 * One live record for each (rule, subject): independent facts, from which what is shown is derived (alarms/state/display-state.ts). It is made with the first fact that is not
 * the normal one, and closed when all are normal again; closed records are the history. Times in ms since 1970, by the samples' own time where samples caused them.
 */
export interface AlarmRecord {
  readonly id: AlarmId;
  readonly project: ProjectId;
  readonly rule: RuleId;
  /** Of the rule that made the last change. */
  readonly ruleVersion: number;
  readonly subject: AlarmSubject;
  readonly origin: AlarmOrigin;
  /** Found in late data: it was never live, nobody was notified, and it is closed from the start or when the late data end. */
  readonly historical: boolean;

  // the facts
  /** The condition holds. */
  readonly active: boolean;
  /** Of the condition while it holds, else the last one; null: it never held (somebody shelved a normal alarm). */
  readonly level: string | null;
  readonly severity: Severity | null;
  /** Somebody has taken note of what people were last told of; true when there is nothing to take note of, as of what was silenced from beginning to end. */
  readonly acked: boolean;
  /** The condition does not hold any more, but its rule asks for a reset by hand. */
  readonly latched: boolean;
  /** null: it is not shelved. */
  readonly shelvedUntil: number | null;
  /** It is unshelved by itself when the condition returns to normal. */
  readonly shelvedOnce: boolean;
  readonly outOfService: boolean;
  /** Why it is suppressed, none: it is not. `alarm:<id>` of the parent, `calendar`, `maintenance:<id>`, `device:<id>` (it is in maintenance, or a gateway above that is out of service), `operator`. */
  readonly suppressedBy: readonly string[];

  // what is known about it
  /** When the condition last began to hold; null: never. */
  readonly raisedAt: number | null;
  readonly clearedAt: number | null;
  /** How often the condition began to hold during the life of this record. */
  readonly raisedCount: number;
  readonly ackedAt: number | null;
  readonly ackedBy: string | null;
  readonly assignee: string | null;
  /** The value at the last change of the condition. */
  readonly value: SampleValue;
  /** From the rule's template. */
  readonly message: string;
  /** Why the condition holds, in one line with the figures: `92.4 >= 90 (critical), leaves below 88`. */
  readonly explanation: string;
  readonly labels: Readonly<Record<string, string>>;
  /** When it is told again unless it is acknowledged; null: it is not. */
  readonly reAlarmAt: number | null;
  /** The worst severity that was told since the last raise: only a worse one is told again. null: nothing was, or the return to normal was told too. */
  readonly notifiedSeverity: Severity | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** All facts are normal again; null: it is live. */
  readonly closedAt: number | null;
}
