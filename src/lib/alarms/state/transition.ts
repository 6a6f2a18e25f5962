import type { AlarmOrigin, AlarmRecord, AlarmSubject } from '../../domain/alarm.ts';
import type { Actor, EventKind } from '../../domain/event.ts';
import type { AlarmId, ProjectId } from '../../domain/ids.ts';
import type { NotifyCause } from '../../domain/notification.ts';
import type { Level, Severity } from '../../domain/severity.ts';
import type { JsonValue, SampleValue } from '../../domain/value.ts';
import type { OperatorAction } from '../operator-action.ts';
import type { Rule } from '../rule.ts';

/** What happens to an alarm. `time`: ms since 1970, by the samples' own time where samples cause it. */
export type AlarmInput =
  /** null: back to normal. */
  | {
      readonly kind: 'level';
      readonly time: number;
      readonly level: Level | null;
      readonly value: SampleValue;
      readonly message: string;
      readonly explanation: string;
    }
  | { readonly kind: 'action'; readonly time: number; readonly action: OperatorAction; readonly actor: Actor }
  /** The clock: a shelving ends, it is time to tell again. */
  | { readonly kind: 'time'; readonly time: number }
  /** `until`: when it ends by itself, for the journal. */
  | { readonly kind: 'suppression'; readonly time: number; readonly by: string; readonly on: boolean; readonly until?: number }
  /** The rule is gone or disabled, or does not watch the subject any more: the condition cannot hold. */
  | { readonly kind: 'withdrawn'; readonly time: number; readonly reason: string; readonly actor: Actor };

/** What the machine has to know besides the record. */
export interface AlarmSurroundings {
  readonly project: ProjectId;
  readonly subject: AlarmSubject;
  readonly origin: AlarmOrigin;
  readonly historical: boolean;
  readonly rule: Pick<Rule, 'id' | 'version' | 'labels' | 'latch' | 'requiresAck' | 'reAlarmMs'>;
  /** Makes the id of a new record. */
  readonly newId: () => AlarmId;
}

/** An entry of the journal, before it gets its id and the time at which it is recorded. */
export interface EventDraft {
  readonly kind: EventKind;
  readonly time: number;
  readonly actor: Actor;
  readonly severity: Severity | null;
  readonly text: string;
  readonly details: { readonly [name: string]: JsonValue };
}

export interface Transition {
  readonly record: AlarmRecord;
  /** At least one: every change is journalled. */
  readonly events: readonly EventDraft[];
  /** The event (its index) that somebody is told of, and why; null: nobody. Never for what is historical, shelved, suppressed or out of service. */
  readonly notify: { readonly cause: NotifyCause; readonly event: number } | null;
  /** The rule's actions that are due. */
  readonly actions: 'raised' | 'cleared' | null;
}
