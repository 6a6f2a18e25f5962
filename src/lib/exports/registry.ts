import { csv } from './csv/definition.ts';
import type { ExportFormatDefinition } from './export-format.ts';
import { json } from './json/definition.ts';
import { ndjson } from './ndjson/definition.ts';
import { parquet } from './parquet/definition.ts';
import { xlsx } from './xlsx/definition.ts';

/** The formats of an export; the first is the default. */
export const EXPORT_FORMATS: readonly ExportFormatDefinition[] = [csv, ndjson, json, parquet, xlsx];
