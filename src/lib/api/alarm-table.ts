import type { TableColumn } from '../exports/table.ts';
import type { Alarm } from './schema/alarms.ts';

const column = (name: keyof Alarm, kind: TableColumn<Alarm>['kind']): TableColumn<Alarm> => ({ name, kind, value: (alarm) => alarm[name] });

/** The columns of a file of alarms, by the names of their fields. */
export const ALARM_TABLE: readonly TableColumn<Alarm>[] = [
  column('raisedAt', 'time'),
  column('clearedAt', 'time'),
  column('state', 'text'),
  column('severity', 'text'),
  column('level', 'text'),
  column('device', 'text'),
  column('point', 'text'),
  column('group', 'text'),
  column('rule', 'text'),
  column('ruleVersion', 'number'),
  column('message', 'text'),
  column('value', 'any'),
  column('explanation', 'text'),
  column('active', 'truth'),
  column('acked', 'truth'),
  column('ackedAt', 'time'),
  column('ackedBy', 'text'),
  column('assignee', 'text'),
  column('latched', 'truth'),
  column('shelvedUntil', 'time'),
  column('shelvedOnce', 'truth'),
  column('outOfService', 'truth'),
  { name: 'suppressedBy', kind: 'text', value: ({ suppressedBy }) => (suppressedBy.length === 0 ? null : suppressedBy.join(' ')) },
  column('raisedCount', 'number'),
  column('origin', 'text'),
  column('historical', 'truth'),
  column('labels', 'json'),
  column('reAlarmAt', 'time'),
  column('notifiedSeverity', 'text'),
  column('createdAt', 'time'),
  column('updatedAt', 'time'),
  column('closedAt', 'time'),
  column('id', 'text'),
];
