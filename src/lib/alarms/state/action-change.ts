import type { AlarmRecord } from '../../domain/alarm.ts';
import type { Actor } from '../../domain/event.ts';
import type { OperatorAction } from '../operator-action.ts';
import type { Change } from './change.ts';
import { BY_OPERATOR } from './refusal.ts';

/** What a person or script does. The action is possible: `refusal` has said so. */
export function actionChange(record: AlarmRecord, action: OperatorAction, time: number, actor: Actor): Change {
  const base = { time, actor };
  switch (action.kind) {
    case 'ack':
      return {
        ...base,
        kind: 'alarm.acked',
        text: withComment('Acknowledged', action.comment),
        details: commentOf(action.comment),
        patch: { acked: true, ackedAt: time, ackedBy: actor },
      };
    case 'comment':
      return { ...base, kind: 'alarm.commented', text: action.comment, details: commentOf(action.comment), patch: {} };
    case 'assign':
      return {
        ...base,
        kind: 'alarm.assigned',
        text: action.assignee === null ? 'Assigned to nobody' : `Assigned to ${action.assignee}`,
        details: { assignee: action.assignee },
        patch: { assignee: action.assignee },
      };
    case 'shelve':
      return {
        ...base,
        kind: 'alarm.shelved',
        text: withComment(`Shelved until ${new Date(action.until).toISOString()}${action.once ? ' or until it returns to normal' : ''}`, action.comment),
        details: { until: action.until, once: action.once, ...commentOf(action.comment) },
        patch: { shelvedUntil: action.until, shelvedOnce: action.once },
      };
    case 'unshelve':
      return { ...base, kind: 'alarm.unshelved', text: 'Unshelved', details: {}, patch: { shelvedUntil: null, shelvedOnce: false } };
    case 'reset':
      return { ...base, kind: 'alarm.reset', text: 'Reset', details: {}, patch: { latched: false } };
    case 'suppress':
      return suppressed(record, BY_OPERATOR, true, time, actor, action.comment);
    case 'unsuppress':
      return suppressed(record, BY_OPERATOR, false, time, actor, null);
    case 'out-of-service':
      return {
        ...base,
        kind: 'alarm.out-of-service',
        text: withComment('Taken out of service', action.comment),
        details: commentOf(action.comment),
        patch: { outOfService: true },
      };
    case 'in-service':
      return { ...base, kind: 'alarm.in-service', text: 'Back in service', details: {}, patch: { outOfService: false } };
  }
}

/** One reason for suppression begins or ends; others stand. */
export function suppressed(record: AlarmRecord, by: string, on: boolean, time: number, actor: Actor, comment: string | null, until?: number): Change {
  return {
    kind: on ? 'alarm.suppressed' : 'alarm.unsuppressed',
    time,
    actor,
    text: withComment(`${on ? 'Suppressed' : 'No longer suppressed'} by ${by}`, comment),
    details: { by, ...(until !== undefined && { until }), ...commentOf(comment) },
    patch: { suppressedBy: on ? [...record.suppressedBy, by] : record.suppressedBy.filter((one) => one !== by) },
  };
}

function withComment(text: string, comment: string | null): string {
  return comment === null || comment === '' ? text : `${text}: ${comment}`;
}

function commentOf(comment: string | null): Change['details'] {
  return comment === null || comment === '' ? {} : { comment };
}
