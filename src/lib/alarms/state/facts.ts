import type { AlarmRecord } from '../../domain/alarm.ts';

/** Nobody is told of it: somebody, the calendar, a parent alarm or its own nature says so. */
export function isSilenced(record: AlarmRecord): boolean {
  return record.historical || record.shelvedUntil !== null || record.outOfService || record.suppressedBy.length > 0;
}

/** Nothing is left that would keep a record live. */
export function isNormal(record: AlarmRecord): boolean {
  return !record.active && record.acked && !record.latched && record.shelvedUntil === null && !record.outOfService && record.suppressedBy.length === 0;
}

/** When the clock has to look at it (an input of kind `time`): a shelving ends, or it is told again. Infinity: never. */
export function nextDueAt(record: AlarmRecord): number {
  if (record.closedAt !== null) return Number.POSITIVE_INFINITY;
  return Math.min(record.shelvedUntil ?? Number.POSITIVE_INFINITY, record.reAlarmAt ?? Number.POSITIVE_INFINITY);
}
