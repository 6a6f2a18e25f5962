import type { ExportFormatDefinition } from '../export-format.ts';

export const json: ExportFormatDefinition = {
  name: 'json',
  summary: 'One JSON array of objects, an object per line',
  contentType: 'application/json',
  extension: 'json',
  binary: false,
  resumable: true,
  writer: 'stream',
  load: async () => (await import('./encode.ts')).jsonFormat,
  loadTable: null,
};
