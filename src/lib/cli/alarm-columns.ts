import type { Alarm, AlarmActionResult } from '../api/schema/alarms.ts';
import type { Severity } from '../domain/severity.ts';
import { type Colour, type Column, pairsColumn, timeColumn } from './column.ts';

/** As control rooms have them; where there are no colours, the word says it. */
const SEVERITY_COLOURS: Readonly<Record<Severity, Colour>> = { critical: '1;31', major: '31', minor: '33', warning: '36' };

export function severityColour(severity: Severity | null): Colour | null {
  return severity === null ? null : SEVERITY_COLOURS[severity];
}

/** Enough of an id to name it: of a uuid v7 the end is random. */
const REF_LENGTH = 8;
export const refOf = (id: string): string => id.slice(-REF_LENGTH);

/** Where it is: a point, a device or a group. */
export function placeOf({ device, point, group }: { readonly device: string | null; readonly point: string | null; readonly group: string | null }): string {
  if (device === null) return group === null ? '' : `group ${group}`;
  return point === null ? device : `${device} ${point}`;
}

export const ALARM_COLUMNS: readonly Column<Alarm>[] = [
  { name: 'ref', value: (row) => refOf(row.id) },
  { name: 'severity', value: (row) => row.severity, colour: (row) => severityColour(row.severity), keep: true },
  { name: 'state', value: (row) => row.state, drop: 6 },
  { name: 'rule', value: (row) => row.rule, drop: 3, whole: true },
  { name: 'device', value: (row) => row.device ?? (row.group === null ? null : `group ${row.group}`), keep: true },
  { name: 'point', value: (row) => row.point, drop: 2, whole: true },
  timeColumn('raised', (row) => row.raisedAt, { drop: 5 }),
  { name: 'message', value: (row) => row.message, wrap: true },
  { name: 'assignee', value: (row) => row.assignee, drop: 1 },
  { name: 'id', value: (row) => row.id, wide: true },
  { name: 'group', value: (row) => row.group, wide: true },
  { name: 'level', value: (row) => row.level, wide: true },
  { name: 'value', value: (row) => row.value, wide: true },
  { name: 'explanation', value: (row) => row.explanation, wide: true },
  { name: 'active', value: (row) => row.active, wide: true },
  { name: 'acked', value: (row) => row.acked, wide: true },
  { name: 'acked-by', value: (row) => row.ackedBy, wide: true },
  timeColumn('acked-at', (row) => row.ackedAt, { wide: true }),
  { name: 'latched', value: (row) => row.latched, wide: true },
  timeColumn('shelved-until', (row) => row.shelvedUntil, { wide: true }),
  { name: 'suppressed-by', value: (row) => row.suppressedBy, text: (row) => row.suppressedBy.join(' '), wide: true },
  { name: 'out-of-service', value: (row) => row.outOfService, wide: true },
  timeColumn('cleared', (row) => row.clearedAt, { wide: true }),
  timeColumn('closed', (row) => row.closedAt, { wide: true }),
  { name: 'times-raised', value: (row) => row.raisedCount, right: true, wide: true },
  timeColumn('tells-again', (row) => row.reAlarmAt, { wide: true }),
  { name: 'told', value: (row) => row.notifiedSeverity, wide: true },
  { name: 'rule-version', value: (row) => row.ruleVersion, right: true, wide: true },
  { name: 'origin', value: (row) => row.origin, wide: true },
  { name: 'historical', value: (row) => row.historical, wide: true },
  pairsColumn('labels', (row) => row.labels, { wide: true }),
];

export interface AlarmActionRow extends Omit<AlarmActionResult, 'outcome'> {
  readonly status: string;
}

export const ALARM_ACTION_COLUMNS: readonly Column<AlarmActionRow>[] = [
  { name: 'ref', value: (row) => refOf(row.id) },
  { name: 'status', value: (row) => row.status, keep: true },
  { name: 'severity', value: (row) => row.severity, colour: (row) => severityColour(row.severity), drop: 4 },
  { name: 'rule', value: (row) => row.rule, drop: 3, whole: true },
  { name: 'device', value: (row) => row.device ?? (row.group === null ? null : `group ${row.group}`), whole: true },
  { name: 'point', value: (row) => row.point, drop: 2, whole: true },
  { name: 'state', value: (row) => row.state, drop: 1, whole: true },
  timeColumn('shelved-until', (row) => row.shelvedUntil, { drop: 5 }),
  { name: 'code', value: (row) => row.code },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'id', value: (row) => row.id, wide: true },
];
