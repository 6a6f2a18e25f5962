import { encodeLines } from '../encode-lines.ts';
import type { ExportFormat } from '../export-format.ts';
import { createLongRowText, createWideRowText } from '../json-row.ts';
import { checkWideColumns, wideRows } from '../wide-rows.ts';

export const jsonFormat: ExportFormat = {
  encode(rows, options) {
    if (options.layout === 'long') return encodeLines(rows, asArray(createLongRowText(options), options.atStart));
    checkWideColumns(options.points);
    return encodeLines(wideRows(rows, options.points), asArray(createWideRowText(options), options.atStart));
  },
};

/**
 * The comma stands before a row and not behind it: whatever follows the last whole row of an interrupted file, another row or
 * the end, makes it a whole array again.
 */
function asArray<Row>(text: (row: Row) => string, atStart: boolean) {
  let separator = atStart ? '\n' : ',\n';
  return {
    first: atStart ? '[' : '',
    line(row: Row) {
      const line = separator + text(row);
      separator = ',\n';
      return line;
    },
    last: '\n]\n',
  };
}
