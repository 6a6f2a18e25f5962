import type { ExportFormatDefinition } from '../export-format.ts';

export const csv: ExportFormatDefinition = {
  name: 'csv',
  summary: 'Comma-separated values with a header line, for spreadsheets and everything else',
  contentType: 'text/csv; charset=utf-8',
  extension: 'csv',
  binary: false,
  resumable: true,
  writer: 'stream',
  load: async () => (await import('./encode.ts')).csvFormat,
  loadTable: async () => (await import('./table.ts')).csvTable,
};
