import type { ExportFormatDefinition } from '../export-format.ts';

export const ndjson: ExportFormatDefinition = {
  name: 'ndjson',
  summary: 'One JSON object per line, for scripts and streams',
  contentType: 'application/x-ndjson',
  extension: 'ndjson',
  binary: false,
  resumable: true,
  writer: 'stream',
  load: async () => (await import('./encode.ts')).ndjsonFormat,
  loadTable: async () => (await import('./table.ts')).ndjsonTable,
};
