import type { Aggregate } from '../domain/aggregate.ts';
import type { SeriesId } from '../domain/ids.ts';
import type { Quality } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';

/** One stored value; a row of every reading. */
export interface SampleRow {
  readonly series: SeriesId;
  /** ms since 1970; of a bucket: its start */
  readonly time: number;
  readonly value: SampleValue;
  readonly quality: Quality;
  readonly late: boolean;
}

/** Half-open: from <= time < to. Both in ms since 1970. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export interface SampleQuery extends TimeRange {
  readonly series: readonly SeriesId[];
  /** `series`: all of one series, then the next (in the order of `series`); `time`: by time, then in that order. */
  readonly order: 'series' | 'time';
  readonly descending?: boolean;
  readonly limit?: number;
}

export interface AggregateQuery extends TimeRange {
  readonly series: readonly SeriesId[];
  readonly aggregate: Aggregate;
  /** Bucket width in ms; a bucket starts at a whole multiple of it since 1970 (UTC). Absent: one bucket, at `from`. */
  readonly everyMs?: number;
}

/** A bucket of one series that has at least one sample. Booleans count as 0 and 1; text takes count, first and last alone. */
export interface AggregateRow {
  readonly series: SeriesId;
  readonly time: number;
  readonly value: SampleValue;
  readonly count: number;
}

export interface SeriesName {
  readonly series: SeriesId;
  readonly device: string;
  readonly point: string;
}

export interface SampleStoreStats {
  readonly samples: number;
  readonly bytes: number;
  /** The newest journal entry that is in the store. */
  readonly appliedJournalId: number;
}

/**
 * Where samples live. Two hubs never share one store of this kind; an engine for several hubs serves the same
 * contract. An implementation takes committed journal entries in their order, exactly once across a crash at any point.
 */
export interface SampleStore {
  start(signal?: AbortSignal): Promise<void>;
  /** Applies what the journal holds, then closes. Idempotent. */
  stop(): Promise<void>;
  /** A journal entry is on disk; apply it soon (within a quarter of a second). */
  committed(journalId: number): void;
  /** Resolves when everything up to this journal entry can be read. Rejects when the store has failed. */
  flush(journalId: number): Promise<void>;
  /** Streams in chunks, in constant memory. Ending the iteration early frees the engine's cursor. */
  read(query: SampleQuery, signal?: AbortSignal): AsyncIterable<readonly SampleRow[]>;
  /** By series in the order given, then by time. Streams in chunks. */
  aggregate(query: AggregateQuery, signal?: AbortSignal): AsyncIterable<readonly AggregateRow[]>;
  /** The newest sample of every series that has one, for the hub's start. */
  latest(): AsyncIterable<readonly SampleRow[]>;
  count(query: TimeRange & { readonly series: readonly SeriesId[] }): Promise<number>;
  /** Writes a Parquet file (time, device, point, value columns, quality, late), sorted by (device, point, time). Returns its rows. */
  exportParquet(query: TimeRange & { readonly names: readonly SeriesName[] }, path: string): Promise<number>;
  /** Removes series whole, such as those of a deleted device. */
  remove(series: readonly SeriesId[]): Promise<void>;
  stats(): Promise<SampleStoreStats>;
}
