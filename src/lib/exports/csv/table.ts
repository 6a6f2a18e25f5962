import { stringify } from 'csv-stringify/sync';
import { encodeLines, numberText } from '../encode-lines.ts';
import { type CellKind, guardedText, type TableFormat } from '../table.ts';
import { createTimeText } from '../time-text.ts';

/** RFC 4180 with a line feed behind each row; an empty cell is nothing at all, and an empty text has quotes. */
export const csvTable: TableFormat = {
  encode(rows, columns, { time, timezone, guarded }) {
    const timeText = createTimeText(time, timezone);
    const ownText = guarded ? guardedText : (text: string) => text;
    const line = (cells: readonly unknown[]): string =>
      stringify([cells], { cast: { string: (text) => (text === '' ? { value: text, quoted_empty: true } : text) } });
    return encodeLines(rows, {
      first: line(columns.map(({ name }) => name)),
      line: (row) => line(columns.map(({ kind, value }) => cellOf(kind, value(row)))),
      last: '',
    });

    function cellOf(kind: CellKind, value: unknown): string | null {
      if (value === null || value === undefined) return null;
      if (kind === 'time') return typeof value === 'number' ? timeText(value) : null;
      switch (typeof value) {
        case 'string':
          return ownText(kind === 'json' ? JSON.stringify(value) : value);
        case 'number':
          return numberText(value);
        case 'boolean':
          return value ? 'true' : 'false';
        default:
          return JSON.stringify(value);
      }
    }
  },
};
