import type { RowResult } from './row-result.ts';

/** Of what a dry run found, what is worth showing: not the rows that change nothing. */
export interface ShownRows {
  readonly rows: readonly RowResult[];
  /** How many there were besides. */
  readonly more: number;
  add(rows: readonly RowResult[]): void;
}

/** `max` null: all of them. */
export function createShownRows(max: number | null): ShownRows {
  const rows: RowResult[] = [];
  let more = 0;
  return {
    rows,
    get more() {
      return more;
    },
    add(found) {
      for (const row of found) {
        if (row.status === 'unchanged' && row.warnings.length === 0) continue;
        if (max === null || rows.length < max) rows.push(row);
        else more += 1;
      }
    },
  };
}
