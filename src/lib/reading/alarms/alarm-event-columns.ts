import type { AlarmEvent } from '../../api/schema/alarms.ts';
import { severityColour } from '../../cli/alarm-columns.ts';
import type { Column } from '../../cli/column.ts';
import { valueText, zonedTimeColumn } from '../sample-columns.ts';

/** What happened to one alarm. */
export function eventColumns(timezone: string): readonly Column<AlarmEvent>[] {
  return [
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'event', value: (row) => row.kind.replace(/^alarm\./, ''), keep: true },
    { name: 'severity', value: (row) => row.severity, colour: (row) => severityColour(row.severity), drop: 4 },
    { name: 'who', value: (row) => row.actor, drop: 5 },
    { name: 'value', value: (row) => row.details.value, text: (row) => (row.details.value === null ? '' : valueText(row.details.value)), right: true, drop: 3 },
    {
      name: 'rule',
      value: (row) => row.details.ruleVersion,
      text: (row) => (typeof row.details.ruleVersion === 'number' ? `v${row.details.ruleVersion}` : ''),
      drop: 2,
    },
    { name: 'text', value: (row) => row.text, wrap: true },
  ];
}
