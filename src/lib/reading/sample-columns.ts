import type { Bucket, ChosenSample, SampleItem } from '../api/schema/samples.ts';
import type { Column } from '../cli/column.ts';
import { isoInZone } from '../domain/time-zone.ts';

/** A value as text: numbers with all their digits, JSON as JSON. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

/** ms for machines, ISO 8601 in the zone for tables and CSV. */
export function zonedTimeColumn<Row>(name: string, time: (row: Row) => number | null | undefined, timezone: string): Column<Row> {
  return {
    name,
    value: (row) => time(row) ?? null,
    text: (row) => {
      const ms = time(row);
      return ms === null || ms === undefined ? '' : isoInZone(ms, timezone);
    },
  };
}

export function sampleColumns(timezone: string): readonly Column<SampleItem>[] {
  return [
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'device', value: (row) => row.device },
    { name: 'point', value: (row) => row.point },
    { name: 'value', value: (row) => row.value, text: (row) => valueText(row.value), right: true },
    { name: 'quality', value: (row) => row.quality },
    { name: 'late', value: (row) => row.late, wide: true },
  ];
}

export function bucketColumns(timezone: string): readonly Column<Bucket>[] {
  return [
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'device', value: (row) => row.device },
    { name: 'point', value: (row) => row.point },
    { name: 'value', value: (row) => row.value, text: (row) => valueText(row.value), right: true },
    { name: 'count', value: (row) => row.count, right: true },
  ];
}

export function chosenColumns(timezone: string): readonly Column<ChosenSample>[] {
  return [
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'device', value: (row) => row.device },
    { name: 'point', value: (row) => row.point },
    { name: 'value', value: (row) => row.value, text: (row) => valueText(row.value), right: true },
  ];
}
