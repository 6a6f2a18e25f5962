import type { DeviceHealth } from '../api/schema/life.ts';
import { formatAge } from '../domain/duration.ts';
import { type Column, pairsColumn, timeColumn } from './column.ts';

const ofBirth = (name: string): Column<WithHealth> => ({ name, value: ({ health: { birth } }) => birth?.[name] ?? null, wide: true });

interface WithHealth {
  readonly health: DeviceHealth;
}

/** What `device show` adds of how it began and how it is. */
export const HEALTH_COLUMNS: readonly Column<WithHealth>[] = [
  timeColumn('born', ({ health }) => health.bornAt, { wide: true }),
  ofBirth('manufacturer'),
  ofBirth('model'),
  ofBirth('hardware'),
  ofBirth('firmware'),
  timeColumn('died', ({ health }) => health.diedAt, { wide: true }),
  { name: 'death', value: ({ health }) => health.death, wide: true },
  { name: 'clock-offset', value: ({ health }) => health.clock?.offsetMs ?? null, text: ({ health }) => clockText(health.clock), wide: true },
  timeColumn('clock-wrong-since', ({ health }) => health.clock?.wrongSince, { wide: true }),
  pairsColumn('health', ({ health }) => Object.fromEntries(health.metrics.map(({ point, value, unit }) => [shortName(point), metricText(value, unit)])), {
    wide: true,
  }),
];

/** `2m10s behind (exchange)` */
function clockText(clock: DeviceHealth['clock']): string {
  if (clock === null) return '';
  const { offsetMs, source } = clock;
  const size = Math.abs(offsetMs) < 1_000 ? `${Math.abs(offsetMs)}ms` : formatAge(Math.abs(offsetMs));
  return `${size} ${offsetMs < 0 ? 'ahead' : 'behind'} (${source})`;
}

function shortName(point: string): string {
  return point.startsWith('$health/') ? point.slice('$health/'.length) : point;
}

function metricText(value: unknown, unit: string | null): string | undefined {
  if (value === null || value === undefined) return undefined;
  return `${typeof value === 'object' ? JSON.stringify(value) : String(value)}${unit ?? ''}`;
}
