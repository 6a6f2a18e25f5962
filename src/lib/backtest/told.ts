import { type Calendar, inForce, nextChange } from '../alarms/calendar.ts';
import type { LevelChange } from '../alarms/evaluation.ts';
import type { Rule } from '../alarms/rule.ts';
import { transition } from '../alarms/state/apply-input.ts';
import type { AlarmInput, AlarmSurroundings } from '../alarms/state/transition.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { AlarmId, ProjectId } from '../domain/ids.ts';
import type { NotifyCause } from '../domain/notification.ts';
import { NOTIFY_CAUSES } from '../domain/notification.ts';

const CALENDAR = 'calendar';

/** What somebody would have been told of one subject, by the state machine of the hub. Nobody acknowledges, resets or shelves anything. */
export interface Told {
  readonly counts: { readonly [cause in NotifyCause]: number };
  /** In the order of time. */
  take(change: LevelChange): void;
  /** The clock comes to `time`. */
  until(time: number): void;
}

/** `from`: what comes before it is not counted. */
export function createTold(rule: Rule, subject: AlarmSubject, from: number): Told {
  const counts = Object.fromEntries(NOTIFY_CAUSES.map((cause) => [cause, 0])) as { [cause in NotifyCause]: number };
  const surroundings: AlarmSurroundings = {
    project: '' as ProjectId,
    subject,
    origin: 'hub',
    historical: false,
    rule,
    newId: () => '' as AlarmId,
  };
  const { calendar } = rule;
  let record: AlarmRecord | null = null;
  /** When the calendar says something else; Infinity while there is no live alarm, or no calendar. */
  let calendarAt = Number.POSITIVE_INFINITY;
  return {
    counts,
    take(change) {
      until(change.time);
      const level = change.to === 0 ? null : (rule.condition.levels[change.to - 1] ?? null);
      if (record === null && level !== null && calendar !== null) {
        if (!inForce(calendar, change.time)) feed({ kind: 'suppression', time: change.time, by: CALENDAR, on: true });
        calendarAt = nextChangeOf(calendar, change.time);
      }
      feed({ kind: 'level', time: change.time, level, value: change.value, message: '', explanation: change.explanation });
    },
    until,
  };

  function until(time: number): void {
    while (record !== null) {
      const repeatAt = record.reAlarmAt ?? Number.POSITIVE_INFINITY;
      const next = Math.min(repeatAt, calendarAt);
      if (next > time) return;
      if (calendar !== null && calendarAt <= repeatAt) {
        const at = calendarAt;
        calendarAt = nextChangeOf(calendar, at);
        feed({ kind: 'suppression', time: at, by: CALENDAR, on: !inForce(calendar, at) });
      } else feed({ kind: 'time', time: repeatAt });
    }
  }

  function feed(input: AlarmInput): void {
    const done = transition(record, input, surroundings);
    if (done === null) return;
    record = done.record.closedAt === null ? done.record : null;
    if (record === null) calendarAt = Number.POSITIVE_INFINITY;
    if (done.notify !== null && input.time >= from) counts[done.notify.cause] += 1;
  }
}

function nextChangeOf(calendar: Calendar, time: number): number {
  return nextChange(calendar, time) ?? Number.POSITIVE_INFINITY;
}
