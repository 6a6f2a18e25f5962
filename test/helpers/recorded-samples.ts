// Recordings as samples: one series for each column of numbers of a CSV file whose first column is the time (UTC).
import { readFileSync } from 'node:fs';
import type { SeriesId } from '../../src/lib/domain/ids.ts';
import type { SampleRow } from '../../src/lib/storage/sample-store.ts';

export function recordedSamples(path: string, firstSeries: number): SampleRow[] {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const columns = head.split(',').length - 1;
  return lines.flatMap((line) => {
    const [time = '', ...values] = line.split(',');
    return Array.from({ length: columns }, (_, column) => column).flatMap((column) => {
      const text = values[column]?.trim() ?? '';
      if (text === '') return [];
      const series = (firstSeries + column) as SeriesId;
      return [{ series, time: Date.parse(`${time.replace(' ', 'T')}Z`), value: Number(text), quality: 'good' as const, late: false }];
    });
  });
}
