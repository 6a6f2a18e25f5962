import type { Group, GroupDeleted, GroupMembersChanged, GroupMoved, GroupTrend, Rollup } from '../api/schema/groups.ts';
import { depthOf } from '../domain/group.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { type Column, pairsColumn, timeColumn } from './column.ts';

export const GROUP_COLUMNS: readonly Column<Group>[] = [
  { name: 'path', value: (row) => row.path },
  { name: 'name', value: (row) => row.name, drop: 3 },
  { name: 'level', value: (row) => row.level },
  { name: 'groups', value: (row) => row.groups, right: true },
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'selector', value: (row) => row.selector, drop: 2 },
  pairsColumn('labels', (row) => row.labels, { drop: 1 }),
  { name: 'description', value: (row) => row.description, wide: true },
  { name: 'attributes', value: (row) => row.attributes, wide: true },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  timeColumn('updated', (row) => row.updatedAt, { wide: true }),
];

export const MOVED_COLUMNS: readonly Column<GroupMoved>[] = [
  { name: 'from', value: (row) => row.from },
  { name: 'to', value: (row) => row.to, keep: true },
  { name: 'groups', value: (row) => row.groups, right: true },
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'by-label', value: (row) => row.byLabel, right: true },
  { name: 'mentions', value: (row) => row.mentions, text: mentionsText },
];

export const DELETED_COLUMNS: readonly Column<GroupDeleted & { readonly status: string }>[] = [
  { name: 'path', value: (row) => row.path },
  { name: 'status', value: (row) => row.status },
  { name: 'groups', value: (row) => row.groups, right: true },
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'by-label', value: (row) => row.byLabel, right: true },
  { name: 'mentions', value: (row) => row.mentions, text: mentionsText },
];

export const MEMBER_COLUMNS: readonly Column<GroupMembersChanged['devices'][number] & { readonly status: string }>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'status', value: (row) => row.status },
  { name: 'code', value: (row) => row.code },
  { name: 'reason', value: (row) => row.reason, wrap: true },
];

export const MEMBERS_COLUMNS: readonly Column<GroupMembersChanged>[] = [
  { name: 'group', value: (row) => row.group },
  { name: 'changed', value: (row) => row.changed, right: true },
  { name: 'unchanged', value: (row) => row.unchanged, right: true },
];

export const TREND_COLUMNS = (timeText: (time: number) => string): readonly Column<GroupTrend['items'][number]>[] => [
  { name: 'time', value: (row) => row.time, text: (row) => timeText(row.time) },
  { name: 'value', value: (row) => row.value, text: (row) => (row.value === null ? '' : shortNumber(row.value)), right: true },
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'samples', value: (row) => row.count, right: true },
];

/** One level is two spaces further in. `top`: how many levels the first group is below a root. `points`: one column for each. */
export function rollupColumns(points: readonly string[], top: number): readonly Column<Rollup>[] {
  return [
    { name: 'group', value: (row) => row.path, text: (row) => `${'  '.repeat(depthOf(row.path) - top)}${row.name}`, keep: true },
    { name: 'path', value: (row) => row.path, wide: true },
    { name: 'level', value: (row) => row.level, drop: 2 },
    { name: 'groups', value: (row) => row.groups, right: true, wide: true },
    { name: 'devices', value: (row) => row.devices, right: true },
    { name: 'online', value: (row) => row.online, right: true },
    { name: 'alarms', value: (row) => SEVERITIES.reduce((sum, severity) => sum + row.alarms[severity], 0), right: true, drop: 1 },
    ...SEVERITIES.map((severity) => ({ name: severity, value: (row: Rollup) => row.alarms[severity], right: true, drop: 3 }) satisfies Column<Rollup>),
    ...points.map(
      (point, index) =>
        ({
          name: point,
          value: (row: Rollup) => row.values[index]?.value ?? null,
          text: (row: Rollup) => valueText(row.values[index]),
          right: true,
          keep: true,
        }) satisfies Column<Rollup>,
    ),
  ];
}

function valueText(found: Rollup['values'][number] | undefined): string {
  if (found === undefined || found.value === null) return '';
  return `${shortNumber(found.value)}${found.unit === null ? '' : ` ${found.unit}`}`;
}

/** For people: an average has as many digits as a number can hold. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function mentionsText({ mentions }: Pick<GroupMoved, 'mentions'>): string {
  return mentions.map(({ kind, id }) => `${kind} ${id}`).join(', ');
}
