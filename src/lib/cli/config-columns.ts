import type { ConfigVersion, DeviceConfig } from '../api/schema/config.ts';
import type { JobConfigPreview } from '../api/schema/jobs.ts';
import type { JsonChange } from '../domain/json-difference.ts';
import { type Column, timeColumn } from './column.ts';
import { stateColour } from './command-columns.ts';

/** One version, in the history of its device. */
export const CONFIG_VERSION_COLUMNS: readonly Column<ConfigVersion>[] = [
  { name: 'version', value: (row) => row.version, right: true },
  timeColumn('wanted', (row) => row.createdAt, { drop: 3 }),
  { name: 'state', value: (row) => row.state, colour: (row) => stateColour(row.state), keep: true },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'actor', value: (row) => row.actor, drop: 2 },
  { name: 'comment', value: (row) => row.comment, drop: 1 },
  timeColumn('settled', (row) => row.settledAt, { drop: 4 }),
  { name: 'undoes', value: (row) => row.undoes, right: true, wide: true },
  { name: 'device', value: (row) => row.device, wide: true },
  { name: 'command', value: (row) => row.command, wide: true },
  { name: 'document', value: (row) => row.document, text: (row) => JSON.stringify(row.document), wide: true },
];

/** Wanted beside reported. */
export const DEVICE_CONFIG_COLUMNS: readonly Column<DeviceConfig>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'in-sync', value: (row) => row.inSync, text: (row) => (row.inSync ? 'yes' : 'no') },
  { name: 'wanted-version', value: (row) => row.wanted?.version ?? null, right: true },
  { name: 'state', value: (row) => row.wanted?.state ?? null },
  { name: 'reason', value: (row) => row.wanted?.reason ?? null },
  { name: 'actor', value: (row) => row.wanted?.actor ?? null },
  { name: 'comment', value: (row) => row.wanted?.comment ?? null },
  timeColumn('wanted-at', (row) => row.wanted?.createdAt),
  { name: 'reported-version', value: (row) => row.reported?.version ?? null, right: true },
  timeColumn('reported-at', (row) => row.reported?.reportedAt),
  { name: 'wanted', value: (row) => row.wanted?.document ?? null },
  { name: 'reported', value: (row) => row.reported?.document ?? null },
];

export const JSON_CHANGE_COLUMNS: readonly Column<JsonChange>[] = [
  { name: 'path', value: (row) => row.path },
  { name: 'change', value: (row) => row.change, keep: true },
  { name: 'from', value: (row) => row.from ?? null, text: (row) => jsonText(row.from) },
  { name: 'to', value: (row) => row.to ?? null, text: (row) => jsonText(row.to) },
];

/** What a job would do, and to how many devices. */
export const CONFIG_PREVIEW_COLUMNS: readonly Column<JobConfigPreview['groups'][number]>[] = [
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'outcome', value: (row) => row.outcome, keep: true },
  { name: 'changes', value: (row) => row.changes, text: (row) => row.changes.map(changeText).join('; '), wrap: true },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'example', value: (row) => row.example },
];

function changeText({ path, change, from, to }: JobConfigPreview['groups'][number]['changes'][number]): string {
  if (change === 'removed') return `${path} removed`;
  const [before, after] = [from, to].map((value) => shortText(jsonText(value)));
  return change === 'added' ? `${path} = ${after}` : `${path} ${before} to ${after}`;
}

const TEXT_CHARACTERS_MAX = 200;

/** For tables: a document may be as long as a book. */
export function shortText(text: string): string {
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}...` : text;
}

function jsonText(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}
