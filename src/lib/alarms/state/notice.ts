import type { AlarmRecord } from '../../domain/alarm.ts';
import type { EventKind } from '../../domain/event.ts';
import type { NotifyCause } from '../../domain/notification.ts';
import { severityRank } from '../../domain/severity.ts';
import type { Change, Patch } from './change.ts';
import { isSilenced } from './facts.ts';
import type { AlarmSurroundings } from './transition.ts';

/** The event that tells it best, where there are several. */
const TOLD_BY: Readonly<Record<NotifyCause, EventKind>> = {
  raised: 'alarm.raised',
  worse: 'alarm.changed',
  repeated: 'alarm.repeated',
  cleared: 'alarm.cleared',
};

/** What somebody is to be told of, and what that changes in the record. */
export interface Notice {
  readonly told: { readonly cause: NotifyCause; readonly event: number } | null;
  /** Belongs to the change at this index. */
  readonly event: number;
  readonly patch: Patch;
  /** What people knew before. */
  readonly notifiedSeverity: AlarmRecord['notifiedSeverity'];
}

/**
 * People are told the difference between what they were told last (`notifiedSeverity`) and what is: so whatever was withheld while it was silenced is told once
 * when that ends, if it is still so. What they are told of needs their acknowledgement; what nobody heard of needs none.
 */
export function noticeOf(record: AlarmRecord, changes: readonly Change[], now: number, rule: AlarmSurroundings['rule']): Notice {
  const cause = causeOf(record, changes);
  const { notifiedSeverity } = record;
  const last = changes.length - 1;
  if (cause === null) return { told: null, event: last, patch: reAlarm(record, record.reAlarmAt, now, rule), notifiedSeverity };

  const index = changes.findIndex((change) => change.kind === TOLD_BY[cause]);
  const event = index < 0 ? last : index;
  if (cause === 'cleared') return { told: { cause, event }, event, patch: { ...reAlarm(record, null, now, rule), notifiedSeverity: null }, notifiedSeverity };

  const isNew = cause === 'raised' || cause === 'worse';
  const acknowledge: Patch = isNew && rule.requiresAck ? { acked: false, ackedAt: null, ackedBy: null } : {};
  const told = { ...record, ...acknowledge };
  return {
    told: { cause, event },
    event,
    patch: { ...acknowledge, ...(isNew ? { notifiedSeverity: record.severity } : {}), ...reAlarm(told, null, now, rule) },
    notifiedSeverity,
  };
}

function causeOf(record: AlarmRecord, changes: readonly Change[]): NotifyCause | null {
  if (isSilenced(record)) return null;
  const told = record.notifiedSeverity;
  if (!record.active) return told === null ? null : 'cleared';
  if (told === null) return 'raised';
  if (record.severity !== null && severityRank(record.severity) < severityRank(told)) return 'worse';
  // Who unshelves an alarm that holds, or lets its shelving end, hears of it again.
  return changes.some((change) => change.kind === 'alarm.repeated' || change.kind === 'alarm.unshelved') ? 'repeated' : null;
}

/** It is told again only while it holds, unacknowledged and not silenced. */
function reAlarm(record: AlarmRecord, at: number | null, now: number, rule: AlarmSurroundings['rule']): Patch {
  const due = rule.reAlarmMs !== null && record.active && !record.acked && !isSilenced(record);
  return { reAlarmAt: due && rule.reAlarmMs !== null ? (at ?? now + rule.reAlarmMs) : null };
}
