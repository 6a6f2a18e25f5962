import { MusterError } from '../../errors/muster-error.ts';
import type { ExportFormatDefinition } from '../export-format.ts';

export const parquet: ExportFormatDefinition = {
  name: 'parquet',
  summary: 'Parquet with zstd, sorted by device, point and time, for pandas, Spark and DuckDB',
  contentType: 'application/vnd.apache.parquet',
  extension: 'parquet',
  binary: true,
  resumable: false,
  writer: 'engine',
  load: () => Promise.reject(new MusterError('invalid', 'Parquet is written by the sample store, not from rows')),
  loadTable: null,
};
