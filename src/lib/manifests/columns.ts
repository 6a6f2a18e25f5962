import type { Column } from '../cli/column.ts';
import type { AppliedRow } from './apply.ts';

export const APPLIED_COLUMNS: readonly Column<AppliedRow>[] = [
  { name: 'kind', value: (row) => row.kind },
  { name: 'name', value: (row) => row.name, keep: true },
  { name: 'status', value: (row) => row.status },
  { name: 'changed', value: (row) => row.changed, text: (row) => row.changed.join(', '), drop: 1 },
  { name: 'code', value: (row) => row.code },
  { name: 'reason', value: (row) => row.reason, wrap: true },
];
