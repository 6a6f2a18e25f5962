import type { EventItem } from '../api/schema/events.ts';
import { type Column, timeColumn } from './column.ts';

export const EVENT_COLUMNS: readonly Column<EventItem>[] = [
  timeColumn('time', (row) => row.time),
  { name: 'kind', value: (row) => row.kind, keep: true },
  { name: 'severity', value: (row) => row.severity, drop: 3 },
  { name: 'device', value: (row) => row.device, drop: 2, whole: true },
  { name: 'actor', value: (row) => row.actor, drop: 1 },
  { name: 'text', value: (row) => row.text, wrap: true },
  { name: 'point', value: (row) => row.point, wide: true },
  { name: 'rule', value: (row) => row.rule, wide: true },
  { name: 'alarm', value: (row) => row.alarm, wide: true },
  timeColumn('recorded', (row) => row.recordedAt, { wide: true }),
  { name: 'details', value: (row) => row.details, wide: true },
  { name: 'id', value: (row) => row.id, wide: true },
];
