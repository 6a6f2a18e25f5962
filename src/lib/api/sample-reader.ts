import type { SeriesId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { AggregateQuery, AggregateRow, DownsampledRow, DownsampleQuery, SampleQuery, SampleRow, SampleStore } from '../storage/sample-store.ts';
import type { SampleItem } from './schema/samples.ts';

/** The widest range that is asked of the store when a query leaves an end open. */
export const ALL_TIME = { from: -8_640_000_000_000_000, to: 8_640_000_000_000_000 };
/** Says why an answer may lack samples. */
export const INCOMPLETE_HEADER = 'muster-incomplete';
const BUCKETS_MAX = 500_000;

/** Readings of the sample store, with names instead of series, that never miss what was acknowledged before them. */
export interface SampleReader {
  read(query: SampleQuery, signal?: AbortSignal): AsyncIterable<readonly SampleRow[]>;
  aggregate(query: AggregateQuery, signal?: AbortSignal): Promise<AggregateRow[]>;
  /** Chosen samples, by series in the order given, then by time. */
  downsample(query: DownsampleQuery, signal?: AbortSignal): Promise<DownsampledRow[]>;
  count(query: { readonly series: readonly SeriesId[]; readonly from: number; readonly to: number }): Promise<number>;
  settled(): Promise<void>;
  /** Headers of an answer that may lack samples, because files are damaged; else none. */
  caveat(): Readonly<Record<string, string>>;
  render(row: SampleRow): SampleItem;
}

export function createSampleReader(ports: { readonly store: SampleStore; readonly log: CommitLog; readonly directory: Directory }): SampleReader {
  const { store, log, directory } = ports;
  /** What was acknowledged is in the journal; before reading, it must be in the store as well. */
  const settled = () => store.flush(log.lastJournalId);

  return {
    settled,
    async *read(query, signal) {
      await settled();
      yield* store.read(query, signal);
    },
    async aggregate(query, signal) {
      const buckets = query.everyMs === undefined ? 1 : Math.ceil((query.to - query.from) / query.everyMs);
      if (buckets * query.series.length > BUCKETS_MAX) {
        throw new MusterError('limit_reached', `the range has ${buckets * query.series.length} buckets, more than ${BUCKETS_MAX}`, {
          hint: 'Take wider buckets or a shorter range.',
        });
      }
      await settled();
      const rows: AggregateRow[] = [];
      for await (const chunk of store.aggregate(query, signal)) rows.push(...chunk);
      return rows;
    },
    async downsample(query, signal) {
      const rowsMax = query.points * query.series.length;
      if (rowsMax > BUCKETS_MAX) {
        throw new MusterError('limit_reached', `${query.points} samples of ${query.series.length} points are more than ${BUCKETS_MAX}`, {
          hint: 'Take fewer samples, or fewer points.',
        });
      }
      await settled();
      const rows: DownsampledRow[] = [];
      for await (const chunk of store.downsample(query, signal)) rows.push(...chunk);
      return rows;
    },
    async count(query) {
      await settled();
      return store.count(query);
    },
    caveat() {
      const { length } = store.damaged;
      return length === 0 ? {} : { [INCOMPLETE_HEADER]: `${length} damaged ${length === 1 ? 'file of samples is' : 'files of samples are'} left out` };
    },
    render(row) {
      const point = directory.pointOfSeries(row.series)?.point;
      return { device: point?.device ?? '', point: point?.path ?? '', time: row.time, value: row.value, quality: row.quality, late: row.late };
    },
  };
}
