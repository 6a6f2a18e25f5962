import type { Column } from '../cli/column.ts';
import type { ImportTally } from './import-tally.ts';

export interface ImportSummary {
  readonly file: string;
  readonly dryRun: boolean;
  /** What each column is. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly resumed: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly warnings: number;
  /** Failed rows by code. */
  readonly codes: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  /** Null: none were sent. */
  readonly results: string | null;
}

export function summaryOf(
  about: Pick<ImportSummary, 'file' | 'dryRun' | 'columns' | 'elapsedMs' | 'results'>,
  { rows, resumed, created, updated, unchanged, failed, warnings, codes }: ImportTally,
): ImportSummary {
  const { file, dryRun, columns, elapsedMs, results } = about;
  return { file, dryRun, columns, rows, resumed, created, updated, unchanged, failed, warnings, codes, elapsedMs, results };
}

const pairs = (record: Readonly<Record<string, unknown>>, between: string): string =>
  Object.entries(record)
    .map(([name, value]) => `${name}${between}${String(value)}`)
    .join(', ');

export const SUMMARY_COLUMNS: readonly Column<ImportSummary>[] = [
  { name: 'file', value: (row) => row.file },
  { name: 'dry-run', value: (row) => row.dryRun, text: (row) => (row.dryRun ? 'yes: nothing was changed' : 'no') },
  { name: 'columns', value: (row) => row.columns, text: (row) => pairs(row.columns, ' -> ') },
  { name: 'rows', value: (row) => row.rows },
  { name: 'resumed', value: (row) => row.resumed, text: (row) => (row.resumed === 0 ? '0' : `${row.resumed} were done before`) },
  { name: 'created', value: (row) => row.created },
  { name: 'updated', value: (row) => row.updated },
  { name: 'unchanged', value: (row) => row.unchanged },
  { name: 'failed', value: (row) => row.failed },
  { name: 'codes', value: (row) => row.codes, text: (row) => pairs(row.codes, ': ') },
  { name: 'warnings', value: (row) => row.warnings },
  { name: 'seconds', value: (row) => Math.round(row.elapsedMs / 100) / 10 },
  { name: 'results', value: (row) => row.results },
];
