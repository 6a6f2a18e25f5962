import { encodeLines } from '../encode-lines.ts';
import type { TableFormat } from '../table.ts';
import { createTimeText } from '../time-text.ts';

/** One JSON object per line, with every column, in their order. */
export const ndjsonTable: TableFormat = {
  encode(rows, columns, { time, timezone }) {
    const timeText = createTimeText(time, timezone);
    const timeOf = (value: unknown) => (time === 'epoch' || typeof value !== 'number' ? value : timeText(value));
    return encodeLines(rows, {
      first: '',
      line: (row) =>
        `${JSON.stringify(Object.fromEntries(columns.map(({ name, kind, value }) => [name, (kind === 'time' ? timeOf(value(row)) : value(row)) ?? null])))}\n`,
      last: '',
    });
  },
};
