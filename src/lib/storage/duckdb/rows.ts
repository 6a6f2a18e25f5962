import type { SeriesId } from '../../domain/ids.ts';
import { LATE_FLAG, qualityOf, sampleValueOf, TAG } from '../sample-columns.ts';
import type { AggregateRow, DownsampledRow, SampleRow } from '../sample-store.ts';
import type { Block } from './messages.ts';

export function sampleRows(block: Block): SampleRow[] {
  const { count, series, time, flags } = block.columns;
  const valueAt = valuesOf(block);
  const rows: SampleRow[] = [];
  for (let i = 0; i < count; i++) {
    const flag = flags[i] ?? 0;
    rows.push({
      series: (series[i] ?? 0) as SeriesId,
      time: time[i] ?? 0,
      value: valueAt(i),
      quality: qualityOf(flag),
      late: (flag & LATE_FLAG) !== 0,
    });
  }
  return rows;
}

export function aggregateRows(block: Block): AggregateRow[] {
  const { count, series, time } = block.columns;
  const valueAt = valuesOf(block);
  const rows: AggregateRow[] = [];
  for (let i = 0; i < count; i++) {
    rows.push({ series: (series[i] ?? 0) as SeriesId, time: time[i] ?? 0, value: valueAt(i), count: block.counts?.[i] ?? 0 });
  }
  return rows;
}

export function downsampledRows({ columns: { count, series, time, number } }: Block): DownsampledRow[] {
  return Array.from({ length: count }, (_, row) => ({ series: (series[row] ?? 0) as SeriesId, time: time[row] ?? 0, value: number[row] ?? 0 }));
}

/** Values by ascending row: the texts stand in that order, so no look-up is needed. */
function valuesOf(block: Block) {
  const { number, tag, text } = block.columns;
  let next = 0;
  return (row: number) => {
    const kind = tag[row] ?? 0;
    if (kind < TAG.string) return sampleValueOf(kind, number[row] ?? 0, null);
    const entry = text[next];
    if (entry === undefined || entry[0] !== row) return sampleValueOf(kind, 0, null);
    next++;
    return sampleValueOf(kind, 0, entry[1]);
  };
}
