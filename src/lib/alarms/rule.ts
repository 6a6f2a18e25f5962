import type { RuleId } from '../domain/ids.ts';
import type { JsonValue } from '../domain/value.ts';
import type { Calendar } from './calendar.ts';
import type { Condition } from './conditions/condition.ts';

/**
 * Which devices and points a rule watches; every part that is given must match. A group is a path such as `paris/hall-2`; a device is in the groups of
 * its label `group` and in all above them.
 */
export interface Scope {
  readonly types: readonly string[];
  readonly groups: readonly string[];
  /** `name=value`, or a bare name for any value; all must hold. */
  readonly labels: readonly string[];
  /** Ids; * stands for any text. */
  readonly devices: readonly string[];
  /** Paths; * stands for any text. For conditions on one point; the others name their points themselves. */
  readonly points: readonly string[];
}

/** A condition is confirmed after so many samples (two or more) that are beyond it within a window; of what time alone finds, such as a silence, each beginning counts. */
export interface Repeat {
  readonly times: number;
  readonly withinMs: number;
}

/** What else happens with a change: set a point of a device, or call it, over its own topics. */
export interface RuleAction {
  readonly on: 'raised' | 'cleared';
  readonly kind: 'set' | 'call';
  /** null: the device of the alarm. */
  readonly device: string | null;
  /** The point that is set, or the name that is called. */
  readonly name: string;
  readonly value: JsonValue;
}

/** The alarm of that rule on the parent (or on the device itself) hides this one while it is active. */
export interface SuppressedBy {
  readonly rule: RuleId;
  readonly of: 'parent' | 'device';
}

/** A rule, read and compiled: shared by all subjects that it watches. Frozen. */
export interface Rule {
  readonly id: RuleId;
  readonly version: number;
  readonly description: string | null;
  readonly scope: Scope;
  readonly condition: Condition;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  readonly repeat: Repeat | null;
  /** Renders the alarm's message (alarms/message.ts). */
  readonly message: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly latch: boolean;
  /** False: nobody has to acknowledge it. */
  readonly requiresAck: boolean;
  /** Tell again after so long without an acknowledgement; null: do not. */
  readonly reAlarmMs: number | null;
  /** Outside of it the alarm is suppressed; null: always in force. */
  readonly calendar: Calendar | null;
  readonly suppressedBy: readonly SuppressedBy[];
  readonly actions: readonly RuleAction[];
  /** `edge`: gateways evaluate it, and the hub does not. */
  readonly runsAt: 'hub' | 'edge';
  /** What late samples do: they may be evaluated on their own, and what they raise is marked historical. */
  readonly late: 'historical' | 'ignore';
}
