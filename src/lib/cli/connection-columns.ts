import type { DeviceConnection } from '../api/schema/life.ts';
import { formatAge } from '../domain/duration.ts';
import { type Column, timeColumn } from './column.ts';

/** `lasted`: of one that is open, until now. */
export const CONNECTION_COLUMNS: readonly Column<DeviceConnection>[] = [
  timeColumn('connected', (row) => row.startedAt, { keep: true }),
  timeColumn('ended', (row) => row.endedAt, { drop: 3 }),
  { name: 'lasted', value: (row) => lasted(row), text: (row) => formatAge(lasted(row)), right: true, drop: 4 },
  { name: 'protocol', value: (row) => row.protocol, drop: 5 },
  { name: 'address', value: (row) => row.address, drop: 2 },
  { name: 'client', value: (row) => row.client, drop: 1 },
  { name: 'reason', value: (row) => row.reason, text: (row) => row.reason ?? (row.endedAt === null ? 'is connected' : ''), wrap: true, keep: true },
  { name: 'device', value: (row) => row.device, wide: true },
  { name: 'id', value: (row) => row.id, wide: true },
];

function lasted({ startedAt, endedAt }: DeviceConnection): number {
  return Math.max(0, (endedAt ?? Date.now()) - startedAt);
}
