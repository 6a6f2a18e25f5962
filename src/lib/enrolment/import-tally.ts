import type { RowResult } from './row-result.ts';

/** What an import has done so far. */
export interface ImportTally {
  rows: number;
  /** Of them, those that an import before this one did. */
  resumed: number;
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
  warnings: number;
  /** Failed rows by code. */
  readonly codes: Record<string, number>;
  /** The first few. */
  readonly firstFailed: RowResult[];
  readonly firstWarned: RowResult[];
}

const SHOWN = 5;

export function createTally(): ImportTally {
  return { rows: 0, resumed: 0, created: 0, updated: 0, unchanged: 0, failed: 0, warnings: 0, codes: {}, firstFailed: [], firstWarned: [] };
}

export function countRow(tally: ImportTally, row: RowResult): void {
  tally.rows += 1;
  countStatus(tally, row.status);
  tally.warnings += row.warnings.length;
  if (row.warnings.length > 0 && tally.firstWarned.length < SHOWN) tally.firstWarned.push(row);
  if (row.status !== 'failed') return;
  countCode(tally, row.code);
  if (tally.firstFailed.length < SHOWN) tally.firstFailed.push(row);
}

export function countFormer(tally: ImportTally, { status, code }: { readonly status: string; readonly code: string | null }): void {
  tally.rows += 1;
  tally.resumed += 1;
  countStatus(tally, status);
  if (status === 'failed') countCode(tally, code);
}

function countCode(tally: ImportTally, code: string | null): void {
  const name = code ?? 'internal';
  tally.codes[name] = (tally.codes[name] ?? 0) + 1;
}

function countStatus(tally: ImportTally, status: string): void {
  if (status === 'created' || status === 'updated' || status === 'unchanged' || status === 'failed') tally[status] += 1;
}

export function rowText({ line, id, reason, code, warnings }: RowResult): string {
  const where = [...(line === null ? [] : [`line ${line}`]), ...(id === null ? [] : [id])].join(', ');
  return `${where}: ${reason === null ? warnings.join('; ') : `${reason} (${code})`}`;
}
