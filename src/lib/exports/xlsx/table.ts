import { type CellValue, type ColumnDef, writeXlsxStream } from 'hucre/xlsx';
import type { CellKind, TableColumn, TableFormat } from '../table.ts';
import type { TimeStyle } from '../time-style.ts';
import { createOffsetAt } from '../time-text.ts';

/** What a spreadsheet takes in one cell; with more it calls the file damaged. */
const CELL_CHARACTERS_MAX = 32_767;
const PART_BYTES = 64 * 1024;
const TIME_FORMAT = 'yyyy-mm-dd hh:mm:ss.000';
const WIDTHS: Readonly<Record<CellKind, number>> = { text: 20, number: 12, truth: 9, time: 24, json: 30, any: 16 };

/**
 * A workbook with a heading that stays in sight. Times are dates of the spreadsheet, by the clock of the zone that the heading names: it knows no zones.
 * Text is typed as such, so that none is taken for a formula; of one that is longer than a cell, the end is cut off.
 */
export const xlsxTable: TableFormat = {
  encode(rows, columns, options) {
    return written(cellRows(rows, columns, options), columns, options);
  },
};

async function* written<Row>(
  rows: AsyncGenerator<CellValue[]>,
  columns: readonly TableColumn<Row>[],
  { name, time, timezone }: { readonly name: string; readonly time: TimeStyle; readonly timezone: string },
): AsyncGenerator<Uint8Array> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  try {
    const stream = writeXlsxStream(rows, { name, columns: columns.map((column) => heading(column, time, timezone)), freezePane: { rows: 1 }, zip64: true });
    for await (const chunk of stream) {
      part.push(chunk);
      bytes += chunk.length;
      if (bytes < PART_BYTES) continue;
      yield Buffer.concat(part);
      part = [];
      bytes = 0;
    }
    if (bytes > 0) yield Buffer.concat(part);
  } finally {
    // Whoever reads no further is to end its source too.
    await rows.return(undefined);
  }
}

function heading<Row>({ name, kind }: TableColumn<Row>, time: TimeStyle, timezone: string): ColumnDef {
  if (kind !== 'time') return { header: name, width: WIDTHS[kind] };
  return time === 'epoch' ? { header: name, width: WIDTHS.number } : { header: `${name} (${timezone})`, width: WIDTHS.time, numFmt: TIME_FORMAT };
}

async function* cellRows<Row>(
  rows: AsyncIterable<readonly Row[]>,
  columns: readonly TableColumn<Row>[],
  { time, timezone }: { readonly time: TimeStyle; readonly timezone: string },
): AsyncGenerator<CellValue[]> {
  const offsetAt = rememberingOffsets(timezone);
  const timeOf = (ms: number): CellValue => (time === 'epoch' ? ms : new Date(ms + offsetAt(ms)));
  for await (const chunk of rows) for (const row of chunk) yield columns.map(({ kind, value }) => cellOf(kind, value(row), timeOf));
}

/** Clocks change at whole quarters of an hour. */
const QUARTER_MS = 900_000;
const QUARTERS_KEPT = 100_000;

function rememberingOffsets(timezone: string): (ms: number) => number {
  const offsetAt = createOffsetAt(timezone);
  if (offsetAt === null) return () => 0;
  const offsets = new Map<number, number>();
  return (ms) => {
    const quarter = Math.floor(ms / QUARTER_MS);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      offset = offsetAt(ms);
      if (offsets.size >= QUARTERS_KEPT) offsets.clear();
      offsets.set(quarter, offset);
    }
    return offset;
  };
}

function cellOf(kind: CellKind, value: unknown, timeOf: (ms: number) => CellValue): CellValue {
  if (value === null || value === undefined) return null;
  if (kind === 'time') return typeof value === 'number' ? timeOf(value) : null;
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'boolean':
      return value;
    case 'string':
      return fitting(kind === 'json' ? JSON.stringify(value) : value);
    default:
      return fitting(JSON.stringify(value));
  }
}

function fitting(text: string): string {
  return text.length <= CELL_CHARACTERS_MAX ? text : `${text.slice(0, CELL_CHARACTERS_MAX - 1)}…`;
}
