import type { Command } from '../api/schema/commands.ts';
import { type Colour, type Column, timeColumn } from './column.ts';

export const COMMAND_COLUMNS: readonly Column<Command>[] = [
  timeColumn('asked', (row) => row.createdAt, { drop: 5 }),
  { name: 'device', value: (row) => row.device, keep: true },
  { name: 'kind', value: (row) => row.kind, drop: 4 },
  { name: 'what', value: (row) => row.value, text: whatText },
  { name: 'state', value: (row) => row.state, colour: (row) => stateColour(row.state), keep: true },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'result', value: (row) => row.result, text: (row) => textOf(row.result), drop: 3 },
  { name: 'actor', value: (row) => row.actor, drop: 2 },
  timeColumn('settled', (row) => row.settledAt, { drop: 1 }),
  { name: 'name', value: (row) => row.name, wide: true },
  { name: 'version', value: (row) => row.version, right: true, wide: true },
  { name: 'job', value: (row) => row.job, wide: true },
  timeColumn('sent', (row) => row.sentAt, { wide: true }),
  timeColumn('delivered', (row) => row.deliveredAt, { wide: true }),
  timeColumn('expires', (row) => row.expiresAt, { wide: true }),
  { name: 'late-answer', value: (row) => row.lateAnswer, wide: true },
  { name: 'id', value: (row) => row.id, whole: true, drop: 6 },
];

/** `target=60 mode=eco`, or `valve/open {"percent":40}`. */
export function whatText({ kind, name, value, version }: Pick<Command, 'kind' | 'name' | 'value' | 'version'>): string {
  if (kind === 'config') return `version ${version ?? ''}`;
  if (kind === 'call') return [name ?? '', textOf(value)].filter((part) => part !== '').join(' ');
  return Object.entries(value as Record<string, unknown>)
    .map(([point, wanted]) => `${point}=${textOf(wanted)}`)
    .join(' ');
}

export function stateColour(state: string): Colour | null {
  if (state === 'applied') return '32';
  if (state === 'rejected' || state === 'expired') return '31';
  return state === 'cancelled' ? '2' : '33';
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
