import type { Evaluation } from '../alarms/evaluation.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { JsonValue, SampleValue } from '../domain/value.ts';
import type { RuleState } from './rule-state.ts';
import type { TimerHandle } from './timer-wheel.ts';

export const NO_TIMER: TimerHandle = -1;

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
  const beyond = saved !== null && typeof saved === 'object' && 'beyond' in saved ? JSON.stringify(saved['beyond']) : '';
  return `${level} ${pending?.finding ?? ''} ${pending?.since ?? ''} ${beyond}`;
}
