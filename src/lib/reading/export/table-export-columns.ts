import type { Column } from '../../cli/column.ts';
import type { TableExported } from './table-export.ts';

export const TABLE_EXPORTED_COLUMNS: readonly Column<TableExported>[] = [
  { name: 'file', value: (row) => row.file },
  { name: 'format', value: (row) => row.format },
  { name: 'rows', value: (row) => row.rows },
  { name: 'bytes', value: (row) => row.bytes },
  { name: 'seconds', value: (row) => row.seconds },
];
