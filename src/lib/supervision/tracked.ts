import type { Evaluation } from '../alarms/evaluation.ts';
import type { MessageTemplate } from '../alarms/message.ts';
import type { Rule } from '../alarms/rule.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { JsonValue, SampleValue } from '../domain/value.ts';
import type { TimerHandle } from './timer-wheel.ts';

export const NO_TIMER: TimerHandle = -1;

/** One version of a rule in force, and what is held of it. */
export interface RuleState {
  readonly project: ProjectId;
  readonly rule: Rule;
  /** Of what is live; of late data. */
  readonly start: (subject: AlarmSubject) => Evaluation;
  readonly startLate: (subject: AlarmSubject) => Evaluation;
  readonly template: MessageTemplate | null;
  /** While nothing is held of a subject, values of this range (half-open) change nothing. NaN: there is no such range. */
  readonly quietLow: number;
  readonly quietHigh: number;
  /** An evaluation is made when a sample leaves the quiet range, and dropped when all is normal again; else it is held from the first sample on. */
  readonly lazy: boolean;
  /** Time alone may change what it finds, however normal all is: no data. */
  readonly timed: boolean;
  /** Rules whose alarms suppress others come first when several are due at once: 0 for those that nothing suppresses. */
  rank: number;
  /** Evaluations that are held, by subjectKey. */
  readonly tracked: Map<string, Tracked>;
}

/** An evaluation that is held: one rule on one subject. */
export class Tracked {
  readonly state: RuleState;
  readonly subject: AlarmSubject;
  readonly key: string;
  readonly evaluation: Evaluation;
  timer: TimerHandle = NO_TIMER;
  timerAt = Number.POSITIVE_INFINITY;
  /** False: it was dropped, and its timers and findings mean nothing any more. */
  held = true;
  /** What is on disk of it, or on its way. */
  savedText = 'null';
  savedMark = '';
  savedAt = 0;
  /** The last sample that was shown, to know it again. */
  shownTime = Number.NaN;
  shownValue: SampleValue = null;
  shownSlot = -1;
  /** Scripts that have not answered. */
  awaited = 0;
  /** For a group: its devices and their numbers. */
  readonly members: Map<DeviceId, number> | null;

  constructor(state: RuleState, subject: AlarmSubject, key: string, evaluation: Evaluation) {
    this.state = state;
    this.subject = subject;
    this.key = key;
    this.evaluation = evaluation;
    this.members = subject.group === null ? null : new Map();
  }
}

/** What of a saved state must not be lost: the level, the delay that runs, the repeats. */
export function markOf(evaluation: Evaluation, saved: JsonValue): string {
  const { level, pending } = evaluation;
  const { beyond }: { beyond?: unknown } = saved !== null && typeof saved === 'object' && 'beyond' in saved ? saved : {};
  return `${level} ${pending?.finding ?? ''} ${pending?.since ?? ''} ${beyond === undefined ? '' : JSON.stringify(beyond)}`;
}
