import type { Column } from '../../cli/column.ts';
import { isoInZone } from '../../domain/time-zone.ts';
import { valueText, zonedTimeColumn } from '../sample-columns.ts';
import type { ImportPlan } from './import-plan.ts';
import type { ImportTally } from './import-tally.ts';
import type { RecordedValue } from './recorded-value.ts';

/** What an import says at its end. */
export interface ImportSummary {
  readonly file: string;
  readonly dryRun: boolean;
  readonly layout: string;
  /** Meaning of each column, as `column: meaning`. */
  readonly mapping: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly values: number;
  /** Of the values, with the device, point and time of one before in the file: the last one is kept. */
  readonly repeated: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly devices: number;
  readonly created: readonly string[];
  readonly points: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly firstValues: readonly RecordedValue[];
}

function mappingOf(plan: ImportPlan): Record<string, string> {
  const mapping: Record<string, string> = { [plan.timeColumn]: 'time' };
  if (plan.deviceColumn !== null) mapping[plan.deviceColumn] = 'device';
  if (plan.layout === 'long') {
    mapping[plan.pointColumn] = 'point';
    mapping[plan.valueColumn] = 'value';
  } else for (const { column, point } of plan.columns) mapping[column] = `point ${point}`;
  if (plan.qualityColumn !== null) mapping[plan.qualityColumn] = 'quality';
  return mapping;
}

export function summaryOf(file: string, dryRun: boolean, plan: ImportPlan, tally: ImportTally, created: readonly string[]): ImportSummary {
  const { rows, values, repeated, accepted, rejected, reasons, from, to, firstValues } = tally;
  return {
    file,
    dryRun,
    layout: plan.layout,
    mapping: mappingOf(plan),
    rows,
    values,
    repeated,
    accepted,
    rejected,
    reasons,
    devices: tally.devices.size,
    created,
    points: tally.points.size,
    from,
    to,
    firstValues: dryRun ? firstValues : [],
  };
}

const pairs = (record: Readonly<Record<string, unknown>>, between: string): string =>
  Object.entries(record)
    .map(([name, value]) => `${name}${between}${String(value)}`)
    .join(', ');

export function summaryColumns(timezone: string): readonly Column<ImportSummary>[] {
  const time = (ms: number | null): string => (ms === null ? '' : isoInZone(ms, timezone));
  return [
    { name: 'file', value: (row) => row.file },
    { name: 'layout', value: (row) => row.layout },
    { name: 'mapping', value: (row) => row.mapping, text: (row) => pairs(row.mapping, ' -> ') },
    { name: 'rows', value: (row) => row.rows },
    { name: 'values', value: (row) => row.values },
    {
      name: 'repeated',
      value: (row) => row.repeated,
      text: (row) => (row.repeated === 0 ? '0' : `${row.repeated} had the time of another: the last one counts`),
    },
    { name: 'accepted', value: (row) => row.accepted, text: (row) => (row.dryRun ? '0 (dry run)' : String(row.accepted)) },
    { name: 'rejected', value: (row) => row.rejected },
    { name: 'reasons', value: (row) => row.reasons, text: (row) => pairs(row.reasons, ': ') },
    { name: 'devices', value: (row) => row.devices },
    { name: 'created', value: (row) => row.created, text: (row) => row.created.slice(0, 20).join(', ') },
    { name: 'points', value: (row) => row.points },
    { name: 'from', value: (row) => row.from, text: (row) => time(row.from) },
    { name: 'to', value: (row) => row.to, text: (row) => time(row.to) },
  ];
}

export function valueColumns(timezone: string): readonly Column<RecordedValue>[] {
  return [
    { name: 'line', value: (row) => row.line, right: true },
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'device', value: (row) => row.device },
    { name: 'point', value: (row) => row.point },
    { name: 'value', value: (row) => row.value, text: (row) => valueText(row.value), right: true },
    { name: 'type', value: (row) => typeof row.value },
  ];
}
