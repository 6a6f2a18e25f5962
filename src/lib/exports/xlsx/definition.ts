import type { ExportFormatDefinition } from '../export-format.ts';

export const xlsx: ExportFormatDefinition = {
  name: 'xlsx',
  summary: 'A workbook for spreadsheets; more than a million rows go on in further sheets',
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  extension: 'xlsx',
  binary: true,
  resumable: false,
  writer: 'stream',
  load: async () => (await import('./encode.ts')).xlsxFormat,
  loadTable: async () => (await import('./table.ts')).xlsxTable,
};
