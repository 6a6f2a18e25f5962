import type { ExportFormat, ExportOptions, ExportRow } from '../export-format.ts';
import type { TableColumn } from '../table.ts';
import { checkWideColumns, type WideRow, wideRows } from '../wide-rows.ts';
import { xlsxTable } from './table.ts';

const LONG: readonly TableColumn<ExportRow>[] = [
  { name: 'time', kind: 'time', value: (row) => row.time },
  { name: 'device', kind: 'text', value: (row) => row.device },
  { name: 'point', kind: 'text', value: (row) => row.point },
  { name: 'value', kind: 'any', value: (row) => row.value },
  { name: 'quality', kind: 'text', value: (row) => row.quality },
  { name: 'late', kind: 'truth', value: (row) => row.late },
];

/** Samples as a table. */
export const xlsxFormat: ExportFormat = {
  encode(rows, { layout, time, timezone, points }) {
    const options = { name: 'samples', time, timezone, guarded: false };
    if (layout === 'long') return xlsxTable.encode(rows, LONG, options);
    checkWideColumns(points);
    return xlsxTable.encode(wideRows(rows, points), wideColumns(points), options);
  },
};

function wideColumns(points: ExportOptions['points']): readonly TableColumn<WideRow>[] {
  return [
    { name: 'time', kind: 'time', value: (row) => row.time },
    { name: 'device', kind: 'text', value: (row) => row.device },
    ...points.map((name, index) => ({ name, kind: 'any', value: (row: WideRow) => row.values[index] }) as const),
  ];
}
