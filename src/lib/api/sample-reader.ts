import type { SeriesId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { AggregateQuery, AggregateRow, DownsampledRow, DownsampleQuery, SampleQuery, SampleRow, SampleStore } from '../storage/sample-store.ts';
import type { SampleItem } from './schema/samples.ts';

/** The widest range that is asked of the store when a query leaves an end open. */
export const ALL_TIME = { from: -8_640_000_000_000_000, to: 8_640_000_000_000_000 };
/** Says why an answer may lack samples. */
const INCOMPLETE_HEADER = 'muster-incomplete';
const BUCKETS_MAX = 500_000;

/**
 * Readings of the sample store, with names instead of series, that never miss what was acknowledged before them. Only while the store takes
 * nothing, as on a full disk, they answer from what it has, and `caveat` says so.
 */
export interface SampleReader {
  read(query: SampleQuery, signal?: AbortSignal): AsyncIterable<readonly SampleRow[]>;
  aggregate(query: AggregateQuery, signal?: AbortSignal): Promise<AggregateRow[]>;
  /** Chosen samples, by series in the order given, then by time. */
  downsample(query: DownsampleQuery, signal?: AbortSignal): Promise<DownsampledRow[]>;
  count(query: { readonly series: readonly SeriesId[]; readonly from: number; readonly to: number }): Promise<number>;
  /** Everything that was acknowledged is in the store. Rejects when the store takes nothing: for what must not miss a sample. */
  settled(): Promise<void>;
  /** The same, as far as the store can. */
  current(): Promise<void>;
  /** Headers of an answer that may lack samples, because files are damaged or the store takes nothing; else none. */
  caveat(): Readonly<Record<string, string>>;
  render(row: SampleRow): SampleItem;
}

export function createSampleReader(ports: { readonly store: SampleStore; readonly log: CommitLog; readonly directory: Directory }): SampleReader {
  const { store, log, directory } = ports;
  /** What was acknowledged is in the journal; before reading, it must be in the store as well. */
  const settled = () => store.flush(log.lastJournalId);
  let takesNothing = false;
  /** A store that cannot write can be read, as a rule; the reading itself says when it cannot. */
  const current = async () => {
    try {
      await settled();
      takesNothing = false;
    } catch (error: unknown) {
      if (error instanceof MusterError && error.code === 'stopping') throw error;
      takesNothing = true;
    }
  };

  return {
    settled,
    current,
    async *read(query, signal) {
      await current();
      yield* store.read(query, signal);
    },
    async aggregate(query, signal) {
      const buckets = query.everyMs === undefined ? 1 : Math.ceil((query.to - query.from) / query.everyMs);
      if (buckets * query.series.length > BUCKETS_MAX) {
        throw new MusterError('limit_reached', `the range has ${buckets * query.series.length} buckets, more than ${BUCKETS_MAX}`, {
          hint: 'Take wider buckets or a shorter range.',
        });
      }
      await current();
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
      await current();
      return store.count(query);
    },
    caveat() {
      const { length } = store.damaged;
      const reasons = length === 0 ? [] : [`${length} damaged ${length === 1 ? 'file of samples is' : 'files of samples are'} left out`];
      if (takesNothing && store.appliedJournalId < log.lastJournalId) reasons.push('the newest are stored but cannot be read yet');
      return reasons.length === 0 ? {} : { [INCOMPLETE_HEADER]: reasons.join('; ') };
    },
    render(row) {
      const point = directory.pointOfSeries(row.series)?.point;
      return { device: point?.device ?? '', point: point?.path ?? '', time: row.time, value: row.value, quality: row.quality, late: row.late };
    },
  };
}
