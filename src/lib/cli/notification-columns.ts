import type { Channel, ChannelTest, Delivery, Route, RouteTested } from '../api/schema/notifications.ts';
import { type Column, timeColumn } from './column.ts';

export const CHANNEL_COLUMNS: readonly Column<Channel>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'kind', value: (row) => row.kind },
  { name: 'enabled', value: (row) => row.enabled, text: (row) => (row.enabled ? 'yes' : 'no'), keep: true },
  { name: 'config', value: (row) => row.config, text: (row) => configText(row.config), wrap: true },
  { name: 'secrets', value: (row) => row.secrets, text: (row) => row.secrets.join(' ') },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  timeColumn('updated', (row) => row.updatedAt, { drop: 1 }),
];

export const CHANNEL_TEST_COLUMNS: readonly Column<ChannelTest>[] = [
  { name: 'delivered', value: (row) => row.delivered, text: (row) => (row.delivered ? 'yes' : 'no') },
  { name: 'answer', value: (row) => row.answer, wrap: true },
  { name: 'retryable', value: (row) => row.retryable, text: (row) => (row.retryable ? 'yes' : 'no') },
  { name: 'elapsed-ms', value: (row) => row.elapsedMs, right: true },
  { name: 'delivery', value: (row) => row.delivery },
];

export const ROUTE_COLUMNS: readonly Column<Route>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'enabled', value: (row) => row.enabled, text: (row) => (row.enabled ? 'yes' : 'no'), keep: true },
  { name: 'channels', value: (row) => row.channels, text: (row) => row.channels.join(' ') },
  { name: 'match', value: (row) => row.match ?? {}, text: (row) => matchText(row), wrap: true },
  { name: 'group-by', value: (row) => row.groupBy ?? null, text: (row) => (row.groupBy ?? []).join(' '), drop: 2 },
  { name: 'quiet', value: (row) => row.quietHours ?? null, text: (row) => [row.quietHours?.active ?? []].flat().join(', '), drop: 3 },
  { name: 'schedule', value: (row) => row.schedule ?? null, text: (row) => [row.schedule?.active ?? []].flat().join(', '), wide: true },
  { name: 'description', value: (row) => row.description ?? null, wrap: true, drop: 4 },
  timeColumn('updated', (row) => row.updatedAt, { drop: 1 }),
];

export const ROUTE_TEST_COLUMNS: readonly Column<RouteTested>[] = [
  { name: 'route', value: (row) => row.route },
  { name: 'matches', value: (row) => row.matches, text: (row) => (row.matches ? 'yes' : 'no'), keep: true },
  {
    name: 'channels',
    value: (row) => row.channels,
    text: (row) =>
      row.channels
        .filter(({ told }) => told)
        .map(({ id }) => id)
        .join(' '),
  },
  timeColumn('due', (row) => row.dueAt),
  { name: 'reason', value: (row) => row.reason, wrap: true },
];

export const DELIVERY_COLUMNS: readonly Column<Delivery>[] = [
  timeColumn('created', (row) => row.createdAt),
  { name: 'channel', value: (row) => row.channel, keep: true },
  { name: 'state', value: (row) => row.state, keep: true },
  { name: 'severity', value: (row) => row.severity },
  { name: 'cause', value: (row) => row.cause },
  { name: 'title', value: (row) => row.title, wrap: true },
  { name: 'attempts', value: (row) => row.attempts, right: true, drop: 2 },
  timeColumn('settled', (row) => row.settledAt, { drop: 3 }),
  { name: 'error', value: (row) => row.lastError, wrap: true, drop: 1 },
  { name: 'route', value: (row) => row.route, wide: true },
  timeColumn('due', (row) => row.dueAt, { wide: true }),
  { name: 'alarm', value: (row) => row.alarm, wide: true },
  { name: 'delivery', value: (row) => row.delivery, wide: true },
  { name: 'id', value: (row) => row.id, wide: true },
];

/** What everybody wants to know of it: where it goes. */
function configText(config: Channel['config']): string {
  return ['url', 'host', 'to']
    .filter((name) => config[name] !== undefined)
    .map((name) => [config[name]].flat().join(' '))
    .join(' ');
}

function matchText({ match = {}, cleared = true }: Route): string {
  const parts = Object.entries(match).map(([part, wanted]) => `${part}=${[wanted].flat().join(',')}`);
  if (!cleared) parts.push('cleared=false');
  return parts.length === 0 ? 'every alarm' : parts.join(' ');
}
