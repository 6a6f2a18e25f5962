import { encodeLines } from '../encode-lines.ts';
import type { ExportFormat } from '../export-format.ts';
import { createLongRowText, createWideRowText } from '../json-row.ts';
import { checkWideColumns, wideRows } from '../wide-rows.ts';

export const ndjsonFormat: ExportFormat = {
  encode(rows, options) {
    if (options.layout === 'long') return encodeLines(rows, asLines(createLongRowText(options)));
    checkWideColumns(options.points);
    return encodeLines(wideRows(rows, options.points), asLines(createWideRowText(options)));
  },
};

function asLines<Row>(text: (row: Row) => string) {
  return { first: '', line: (row: Row) => `${text(row)}\n`, last: '' };
}
