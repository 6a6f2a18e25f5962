import type { AlarmRecord } from '../../domain/alarm.ts';
import type { OperatorAction } from '../operator-action.ts';

/** Who suppresses by hand, in `suppressedBy`. */
export const BY_OPERATOR = 'operator';

/** Why an action cannot be, or `unchanged` when it is so already. */
export interface Refusal {
  readonly code: 'unchanged' | 'conflict' | 'invalid' | 'not_found';
  readonly reason: string;
}

const unchanged = (reason: string): Refusal => ({ code: 'unchanged', reason });

/** null: the action is possible, and changes something. `record`: null when the rule has no alarm of that subject. */
export function refusal(record: AlarmRecord | null, action: OperatorAction, time: number): Refusal | null {
  if (action.kind === 'shelve' && !(action.until > time)) return { code: 'invalid', reason: 'The shelving would end before it begins.' };
  if (record === null) return refusalWithout(action);
  if (record.closedAt !== null) return refusalOfClosed(record, action);
  switch (action.kind) {
    case 'ack':
      return record.acked ? unchanged('There is nothing to acknowledge.') : null;
    case 'comment':
      return null;
    case 'assign':
      return refusalToAssign(record, action.assignee);
    case 'shelve':
      return record.shelvedUntil === action.until && record.shelvedOnce === action.once ? unchanged('It is shelved so already.') : null;
    case 'unshelve':
      return record.shelvedUntil === null ? unchanged('It is not shelved.') : null;
    case 'reset':
      if (record.active) return { code: 'conflict', reason: 'Its condition still holds: it can be reset when that has ended.' };
      return record.latched ? null : unchanged('It is not latched.');
    case 'suppress':
      return record.suppressedBy.includes(BY_OPERATOR) ? unchanged('It is suppressed by hand already.') : null;
    case 'unsuppress':
      return refusalToUnsuppress(record);
    case 'out-of-service':
      return record.outOfService ? unchanged('It is out of service already.') : null;
    case 'in-service':
      return record.outOfService ? null : unchanged('It is in service.');
  }
}

function refusalWithout(action: OperatorAction): Refusal | null {
  if (action.kind === 'shelve' || action.kind === 'suppress' || action.kind === 'out-of-service') return null;
  return { code: 'not_found', reason: 'There is no alarm of that rule here.' };
}

/** History can be commented and assigned; its facts stay normal. */
function refusalOfClosed(record: AlarmRecord, action: OperatorAction): Refusal | null {
  switch (action.kind) {
    case 'comment':
      return null;
    case 'assign':
      return refusalToAssign(record, action.assignee);
    case 'shelve':
    case 'suppress':
    case 'out-of-service':
      return { code: 'conflict', reason: 'It is closed: name the rule and the device to do this to the next one.' };
    default:
      return unchanged('It is closed.');
  }
}

function refusalToAssign(record: AlarmRecord, assignee: string | null): Refusal | null {
  if (record.assignee !== assignee) return null;
  return unchanged(assignee === null ? 'It is assigned to nobody.' : `It is assigned to ${assignee} already.`);
}

function refusalToUnsuppress(record: AlarmRecord): Refusal | null {
  if (record.suppressedBy.includes(BY_OPERATOR)) return null;
  if (record.suppressedBy.length === 0) return unchanged('It is not suppressed.');
  return { code: 'conflict', reason: `It is suppressed by ${record.suppressedBy.join(', ')}, which ends by itself.` };
}
