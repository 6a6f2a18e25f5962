import type { Device, Reject } from '../api/schema/fleet.ts';
import { type Column, pairsColumn, timeColumn } from './column.ts';

export const DEVICE_COLUMNS: readonly Column<Device>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'name', value: (row) => row.name, drop: 5 },
  { name: 'kind', value: (row) => row.kind, drop: 4 },
  { name: 'type', value: (row) => row.type, drop: 3 },
  { name: 'parent', value: (row) => row.parent, drop: 6 },
  { name: 'state', value: (row) => row.state },
  { name: 'online', value: (row) => row.status.online, text: (row) => (row.status.online ? 'yes' : 'no') },
  timeColumn('last-seen', (row) => row.status.lastSeenAt, { keep: true }),
  { name: 'points', value: (row) => row.points, right: true, drop: 2 },
  pairsColumn('labels', (row) => row.labels, { drop: 1 }),
  pairsColumn('aliases', (row) => row.aliases, { wide: true }),
  { name: 'address', value: (row) => row.status.lastAddress, wide: true },
  { name: 'protocol', value: (row) => row.status.protocol, wide: true },
  timeColumn('connected', (row) => row.status.connectedAt, { wide: true }),
  { name: 'accepted', value: (row) => row.counters.accepted, right: true, wide: true },
  { name: 'rejected', value: (row) => row.counters.rejected, right: true, wide: true },
  { name: 'refused', value: (row) => row.counters.refused, right: true, wide: true },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  timeColumn('updated', (row) => row.updatedAt, { wide: true }),
];

export const REJECT_COLUMNS: readonly Column<Reject>[] = [
  timeColumn('time', (row) => row.time),
  { name: 'device', value: (row) => row.device, drop: 6, whole: true },
  { name: 'code', value: (row) => row.code, keep: true },
  { name: 'step', value: (row) => row.step, drop: 1 },
  { name: 'point', value: (row) => row.point, drop: 5 },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'protocol', value: (row) => row.protocol, drop: 2 },
  { name: 'address', value: (row) => row.address, wide: true },
  { name: 'topic', value: (row) => row.topic, wide: true },
  { name: 'bytes', value: (row) => row.payloadBytes, right: true, drop: 3 },
  { name: 'head', value: (row) => row.payloadHead, drop: 4 },
  { name: 'id', value: (row) => row.id, wide: true },
];
