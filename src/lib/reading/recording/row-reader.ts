import { isName, isPointPath, NAME_RULE } from '../../domain/ids.ts';
import { QUALITIES, type Quality } from '../../domain/point.ts';
import { fitsValueType, inferValueType, type SampleValue, type ValueType } from '../../domain/value.ts';
import { readAbsoluteTime } from '../time-expression.ts';
import { exportedType, inferCellType, readCell, readExported } from './cell-value.ts';
import type { ImportPlan } from './import-plan.ts';
import { type FailedValue, type RecordedRow, type RecordedValue, shownValue } from './recorded-value.ts';

/** What the hub knows of a point. */
export interface KnownPoint {
  readonly kind: string;
  readonly valueType: ValueType;
  readonly min: number | null;
  readonly max: number | null;
}

export interface RowReaderOptions {
  readonly plan: ImportPlan;
  /** Of times without a zone. */
  readonly timezone: string;
  /** Undefined for a point that the hub does not have. */
  knownPoint(device: string, point: string): KnownPoint | undefined;
}

export interface RowValues {
  readonly values: readonly RecordedValue[];
  readonly failed: readonly FailedValue[];
}

type Refusal = { readonly code: string; readonly reason: string };
type Read = { readonly ok: true; readonly value: SampleValue } | ({ readonly ok: false } & Refusal);

interface Cell {
  readonly point: string;
  readonly content: unknown;
  /** Null: quotes mean nothing in this file. */
  readonly quoted: boolean | null;
  /** In the wide layout nothing means that there was no value at this time. */
  readonly optional: boolean;
}

/**
 * Turns rows into values, by the rules of the hub as far as they are known here. It remembers the type that the first value of a
 * new point implied, as the hub does, so that a dry run says what the import will do. One for each import.
 */
export function createRowReader({ plan, timezone, knownPoint }: RowReaderOptions): (row: RecordedRow) => RowValues {
  const inferred = new Map<string, ValueType>();

  function typeOf(device: string, { point, content, quoted }: Cell, typed: boolean): ValueType | null {
    const known = knownPoint(device, point);
    if (known !== undefined) return known.valueType;
    const key = `${device} ${point}`;
    const before = inferred.get(key);
    if (before !== undefined) return before;
    const type = typed
      ? inferValueType(content as SampleValue)
      : quoted === null
        ? inferCellType(String(content ?? ''))
        : exportedType(String(content), quoted);
    if (type !== null) inferred.set(key, type);
    return type;
  }

  function readOne(device: string, cell: Cell, typed: boolean): Read | null {
    const { point, content } = cell;
    if (!isPointPath(point)) return refuse('invalid_point', 'the name of the point is malformed');
    if (content === undefined) return cell.optional ? null : refuse('no_value', 'the value is missing');
    const known = knownPoint(device, point);
    // Nothing in a wide table is no value. An export leaves such fields out, and puts empty text in quotes.
    if (cell.optional && content === '' && !typed && cell.quoted !== true) return null;
    if (cell.optional && content === null && !plan.exported && known?.valueType !== 'json') return null;
    const type = typeOf(device, cell, typed);
    if (type === null) return refuse('no_value', content === '' ? 'the cell is empty' : `"${shownValue(content)}" stands for no value`);
    const read: Read = typed
      ? readTyped(content as SampleValue, type)
      : cell.quoted === null
        ? readCell(String(content), type)
        : readExported(String(content), cell.quoted, type);
    const refusal = read.ok && known !== undefined ? checkLimits(known, read.value) : null;
    return refusal === null ? read : { ok: false, ...refusal };
  }

  return (row) => {
    const values: RecordedValue[] = [];
    const failed: FailedValue[] = [];
    const device = deviceOf(plan, row);
    const time = readRowTime(row.field(plan.timeColumn), timezone);
    const quality = plan.qualityColumn === null ? 'good' : readQuality(row.field(plan.qualityColumn));
    const fail = (refusal: Refusal, point: string | null, content: unknown): void => {
      const value = content === null ? null : shownValue(content);
      failed.push({ line: row.line, device: device === '' ? null : device, time, point, value, code: refusal.code, reason: refusal.reason });
    };
    const rowRefusal = checkRow(row, plan, device, time, quality);
    if (rowRefusal !== null || time === null || quality === null) {
      if (rowRefusal !== null) fail(rowRefusal.refusal, null, rowRefusal.content);
      return { values, failed };
    }
    for (const cell of cellsOf(plan, row)) {
      const read = readOne(device, cell, row.typed);
      if (read === null) continue;
      if (read.ok) values.push({ line: row.line, device, point: cell.point, time, value: read.value, quality });
      else fail(read, cell.point.slice(0, 200), cell.content);
    }
    return { values, failed };
  };
}

export function deviceOf(plan: ImportPlan, row: RecordedRow): string {
  return plan.device ?? String(row.field(plan.deviceColumn ?? '') ?? '').trim();
}

function checkRow(
  row: RecordedRow,
  plan: ImportPlan,
  device: string,
  time: number | null,
  quality: Quality | null,
): { refusal: Refusal; content: unknown } | null {
  if (!isName(device)) return { refusal: { code: 'invalid_device', reason: `the device must be ${NAME_RULE}` }, content: device };
  if (time === null) return { refusal: { code: 'bad_time', reason: 'the time cannot be read' }, content: row.field(plan.timeColumn) ?? '' };
  if (quality !== null) return null;
  return { refusal: { code: 'bad_quality', reason: `the quality must be one of ${QUALITIES.join(', ')}` }, content: row.field(plan.qualityColumn ?? '') ?? '' };
}

function cellsOf(plan: ImportPlan, row: RecordedRow): readonly Cell[] {
  // An export never quotes a time: where the times have quotes, another program has put them everywhere.
  const quotesTell = plan.exported && !row.typed && !row.quoted(plan.timeColumn);
  const quotedOf = (column: string): boolean | null => (quotesTell ? row.quoted(column) : null);
  if (plan.layout === 'wide') {
    const cells = plan.columns.map(({ column, point }) => ({ point, content: row.field(column), quoted: quotedOf(column), optional: true }));
    if (plan.others === null || !row.typed) return cells;
    // Objects need not all have the fields of the first.
    const known = new Set(plan.columns.map(({ column }) => column));
    const more = row.names.filter((name) => !known.has(name) && !plan.others?.has(name));
    return more.length === 0 ? cells : [...cells, ...more.map((name) => ({ point: name, content: row.field(name), quoted: null, optional: true }))];
  }
  const name = String(row.field(plan.pointColumn) ?? '').trim();
  return [{ point: plan.rename.get(name) ?? name, content: row.field(plan.valueColumn), quoted: quotedOf(plan.valueColumn), optional: false }];
}

function readRowTime(content: unknown, timezone: string): number | null {
  // A number of an NDJSON file is epoch time, as its text is in CSV.
  return content === undefined || content === null ? null : readAbsoluteTime(String(content).trim(), timezone);
}

function readQuality(content: unknown): Quality | null {
  if (content === undefined || content === null || content === '') return 'good';
  return QUALITIES.find((quality) => quality === content) ?? null;
}

function readTyped(value: SampleValue, type: ValueType): Read {
  return fitsValueType(value, type) ? { ok: true, value } : refuse('wrong_type', `expected a ${type}`);
}

/** What the hub would refuse as well; knowing it here names the very row. */
function checkLimits(known: KnownPoint, value: SampleValue): Refusal | null {
  if (known.kind === 'virtual') return { code: 'not_writable', reason: 'the hub computes this point' };
  if (typeof value !== 'number') return null;
  if (known.min !== null && value < known.min) return { code: 'out_of_range', reason: `${value} is below the minimum ${known.min}` };
  if (known.max !== null && value > known.max) return { code: 'out_of_range', reason: `${value} is above the maximum ${known.max}` };
  return null;
}

function refuse(code: string, reason: string): Read {
  return { ok: false, code, reason };
}
