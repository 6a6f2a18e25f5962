import { z } from 'zod';
import { TIME_STYLES } from '../../exports/time-style.ts';

/** How a list is written to a file. */
export const TableExportQuery = z.object({
  format: z.string().max(40).default('csv').describe('csv, ndjson or xlsx'),
  time: z.enum(TIME_STYLES).default('iso').describe('iso: ISO 8601, in xlsx a date; epoch: ms since 1970'),
  timezone: z.string().max(60).default('UTC').describe('IANA name, for iso times'),
  guard: z.enum(['true', 'false']).default('true').describe("csv: text that a spreadsheet might run as a formula gets a ' before it"),
});
export type TableExportQuery = z.input<typeof TableExportQuery>;
