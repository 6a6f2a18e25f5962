import { Readable } from 'node:stream';
import type { z } from 'zod';
import { MusterError } from '../errors/muster-error.ts';
import { EXPORT_FORMATS } from '../exports/registry.ts';
import type { TableColumn } from '../exports/table.ts';
import { checkExportTimezone } from './check-export-timezone.ts';
import type { Answer } from './route.ts';
import type { TableExportQuery } from './schema/table-export.ts';

const PAGE_ROWS = 1_000;
const BUFFERED_BYTES = 256 * 1024;

interface Page<Row> {
  readonly items: readonly Row[];
  readonly cursor: string | null;
}

/** A list as a file, read page by page as its reader takes it. Throws invalid for what cannot be written. */
export async function tableAnswer<Row>(
  { format, time, timezone, guard }: z.output<typeof TableExportQuery>,
  {
    name,
    columns,
    page,
  }: { readonly name: string; readonly columns: readonly TableColumn<Row>[]; readonly page: (limit: number, cursor: string | undefined) => Promise<Page<Row>> },
  signal: AbortSignal,
): Promise<Answer> {
  const tables = EXPORT_FORMATS.filter(({ loadTable }) => loadTable !== null);
  const definition = tables.find((one) => one.name === format);
  if (!definition?.loadTable)
    throw new MusterError('invalid', `${name} are not written as ${format}`, {
      hint: `Choose one of ${tables.map((one) => one.name).join(', ')}.`,
      details: { field: 'format' },
    });
  checkExportTimezone(timezone);
  const { encode } = await definition.loadTable();
  // What is wrong with the list is told before the first byte of the file.
  const first = await page(PAGE_ROWS, undefined);
  const bytes = encode(rows(first), columns, { name, time, timezone, guarded: guard === 'true' });
  return {
    status: 200,
    stream: Readable.from(bytes, { objectMode: false, highWaterMark: BUFFERED_BYTES }),
    headers: { 'content-type': definition.contentType },
  };

  async function* rows(begin: Page<Row>): AsyncGenerator<readonly Row[]> {
    for (let next = begin; ; next = await page(PAGE_ROWS, next.cursor ?? undefined)) {
      signal.throwIfAborted();
      yield next.items;
      if (next.cursor === null) return;
    }
  }
}
