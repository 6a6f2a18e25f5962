import type { BatchResult } from '../api/schema/device-batch.ts';
import type { Column } from '../cli/column.ts';

import type { Papers } from './papers.ts';

/** What became of one row of a file, or of one device of many. */
export interface RowResult {
  /** Of the file; null: there was none. */
  readonly line: number | null;
  readonly id: string | null;
  /** With --dry-run: what would become of it. */
  readonly status: BatchResult['status'];
  readonly code: string | null;
  readonly reason: string | null;
  readonly warnings: readonly string[];
  readonly difference: BatchResult['difference'];
  readonly credential: {
    readonly kind: 'token' | 'password' | 'certificate' | 'claim';
    readonly id: string;
    readonly username: string;
    readonly secret: string | null;
    /** Where a certificate and its key were written. */
    readonly papers: Papers | null;
  } | null;
  /** ms since 1970; null: never. */
  readonly expiresAt: number | null;
}

export function failedRow(line: number | null, id: string | null, code: string, reason: string): RowResult {
  return { line, id, status: 'failed', code, reason, warnings: [], difference: {}, credential: null, expiresAt: null };
}

/** `name: b1 -> Boiler; label.site: paris -> (none)` */
export function differenceText(difference: RowResult['difference']): string {
  return Object.entries(difference)
    .map(([field, { before, after }]) => `${field}: ${valueText(before)} -> ${valueText(after)}`)
    .join('; ');
}

function valueText(value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return '(none)';
  return Array.isArray(value) ? value.join(' ') : String(value);
}

export const ROW_COLUMNS: readonly Column<RowResult>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'line', value: (row) => row.line, right: true, drop: 1 },
  { name: 'status', value: (row) => row.status, keep: true },
  { name: 'code', value: (row) => row.code, drop: 3 },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'changes', value: (row) => row.difference, text: (row) => differenceText(row.difference), wrap: true },
  { name: 'warnings', value: (row) => row.warnings, text: (row) => row.warnings.join('; '), drop: 2 },
];

/** Of devices that are in no file. */
export const CHANGE_COLUMNS: readonly Column<RowResult>[] = ROW_COLUMNS.filter(({ name }) => name !== 'line' && name !== 'warnings');
