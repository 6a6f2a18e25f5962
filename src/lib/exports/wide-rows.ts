import { MusterError } from '../errors/muster-error.ts';
import type { ExportRow } from './export-format.ts';

/** All values of one device at one time, in the order of the columns; `undefined`: no sample. */
export interface WideRow {
  readonly time: number;
  readonly device: string;
  readonly values: readonly unknown[];
}

/** Merges rows that come ordered by device, then time. A point that is no column is left out. */
export async function* wideRows(rows: AsyncIterable<readonly ExportRow[]>, points: readonly string[]): AsyncGenerator<readonly WideRow[]> {
  const columns = new Map(points.map((point, index) => [point, index]));
  let open: { time: number; device: string; values: unknown[] } | null = null;
  for await (const chunk of rows) {
    const whole: WideRow[] = [];
    for (const { time, device, point, value } of chunk) {
      const column = columns.get(point);
      if (column === undefined) continue;
      if (open === null || open.time !== time || open.device !== device) {
        if (open !== null) whole.push(open);
        open = { time, device, values: new Array(points.length).fill(undefined) };
      }
      open.values[column] = value;
    }
    yield whole;
  }
  if (open !== null) yield [open];
}

/** The two columns that every wide row has cannot be points too: a reader would take one for the other. */
export function checkWideColumns(points: readonly string[]): void {
  const taken = points.find((point) => point === 'time' || point === 'device');
  if (taken === undefined) return;
  throw new MusterError('invalid', `A point with the name ${taken} cannot be a column of the wide layout`, {
    hint: 'Choose the long layout, or leave the point out.',
  });
}
