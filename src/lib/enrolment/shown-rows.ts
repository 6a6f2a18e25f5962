import type { RowResult } from './row-result.ts';

/** Of what a dry run found, what is worth showing: not the rows that change nothing. */
export interface ShownRows {
  /** In the order of the file. */
  readonly rows: readonly RowResult[];
  /** How many there were besides. */
  readonly more: number;
  add(rows: readonly RowResult[]): void;
}

/** `max` null: all of them. Where there are more, those that need somebody (failed, or with a warning) take the place of the last that do not. */
export function createShownRows(max: number | null): ShownRows {
  const wanting: RowResult[] = [];
  const plain: RowResult[] = [];
  let more = 0;
  return {
    get rows() {
      return [...wanting, ...plain].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    },
    get more() {
      return more;
    },
    add(found) {
      for (const row of found) {
        const wants = row.status === 'failed' || row.warnings.length > 0;
        if (row.status === 'unchanged' && !wants) continue;
        const room = max === null || wanting.length + plain.length < max;
        if (room || (wants && plain.length > 0)) {
          if (!room) {
            plain.pop();
            more += 1;
          }
          (wants ? wanting : plain).push(row);
        } else more += 1;
      }
    },
  };
}
