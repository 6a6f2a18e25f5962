import type { Aggregate } from '../domain/aggregate.ts';
import type { DownsamplingMethod } from '../domain/downsampling.ts';
import type { SeriesId } from '../domain/ids.ts';
import type { Quality } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';
import type { MusterError } from '../errors/muster-error.ts';
import type { SampleColumns } from './sample-columns.ts';

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
  /** Bucket width in ms; a bucket starts at a whole multiple of it since `originMs`. Absent: one bucket, at `from`. */
  readonly everyMs?: number;
  /** ms since 1970; absent: 1970 (UTC). Local days begin elsewhere. */
  readonly originMs?: number;
}

/** A bucket of one series that has at least one sample. Booleans count as 0 and 1; text takes count, first and last alone. */
export interface AggregateRow {
  readonly series: SeriesId;
  readonly time: number;
  readonly value: SampleValue;
  readonly count: number;
}

export interface DownsampleQuery extends TimeRange {
  readonly series: readonly SeriesId[];
  /** Samples of each series to choose at most; 3 at least. A series that has no more gives all. */
  readonly points: number;
  readonly method: DownsamplingMethod;
}

/** One of the stored samples. Booleans count as 0 and 1; there are none of text and JSON. */
export interface DownsampledRow {
  readonly series: SeriesId;
  readonly time: number;
  readonly value: number;
}

export interface ScanQuery extends TimeRange {
  /** Each once; their order is that of the samples of a stretch. */
  readonly series: readonly SeriesId[];
}

/**
 * A part of a scan: samples of one stretch of time, series after series, each by time. The next stretch begins where this one ends, so that whoever follows
 * all series side by side has to hold no more than a stretch.
 */
export interface ScanBlock {
  readonly columns: SampleColumns;
  /** Of the stretch, not of the block. */
  readonly stretch: TimeRange;
}

export interface SeriesName {
  readonly series: SeriesId;
  readonly device: string;
  readonly point: string;
}

/** What the store needs to know of a series to file it under a name. It never changes. */
export interface StoredSeries extends SeriesName {
  readonly project: string;
}

/** A part of the store that cannot be used, and why. Nothing of it is read; the rest is. */
export interface DamagedFile {
  /** Below the store's folder. */
  readonly file: string;
  readonly problem: string;
}

/** One tier of the store. */
export interface TierStats {
  readonly samples: number;
  readonly bytes: number;
}

export interface SampleStoreStats extends TierStats {
  /** The newest journal entry that is in the store. */
  readonly appliedJournalId: number;
  /** What takes the newest samples. */
  readonly hot: TierStats;
  /** Where older samples lie for good. A sample that was written anew may count here and in `hot`, and in the total once. */
  readonly files: TierStats & { readonly count: number };
  /** ms since 1970; null: there is none. */
  readonly oldest: number | null;
  readonly newest: number | null;
  readonly damaged: readonly DamagedFile[];
}

export interface CompactionRequest {
  /** The hub's clock, ms since 1970. */
  readonly now: number;
  /** `due`: what has been hot long enough, when it is worth it. `all`: everything up to now. A day (its first ms, UTC): that one. */
  readonly scope: 'due' | 'all' | { readonly day: number };
}

export interface CompactionResult {
  /** Samples that left the hot table. */
  readonly samples: number;
  readonly filesWritten: number;
  readonly filesReplaced: number;
  readonly bytesWritten: number;
  /** Samples that stay hot, because a file of their period is damaged or nobody knows their series. */
  readonly samplesKept: number;
}

/** Samples older than `before` (ms since 1970) may go. */
export interface RetentionRules {
  readonly projects: readonly { readonly project: string; readonly before: number }[];
  /** Take the place of the project's; null keeps for ever. */
  readonly series: readonly { readonly series: readonly SeriesId[]; readonly before: number | null }[];
}

export interface RetentionResult {
  /** Samples that are too old, in both tiers. */
  readonly samples: number;
  /** Files of which nothing is left. */
  readonly filesDeleted: number;
  /** Files of which a part is left. */
  readonly filesRewritten: number;
}

/** One transaction that took journal entries into the store. */
export interface AppliedBatch {
  readonly samples: number;
  readonly elapsedMs: number;
}

/** One run of work on what is stored, done or failed; `deleteOld` is `retain` without those that only count. */
export type MaintenanceRun =
  | { readonly work: 'compact'; readonly elapsedMs: number; readonly result: CompactionResult | MusterError }
  | { readonly work: 'deleteOld'; readonly elapsedMs: number; readonly result: RetentionResult | MusterError };

export interface VerifyResult {
  readonly files: number;
  readonly samples: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedFile[];
  /** Files that the store does not know; it neither reads nor deletes them. */
  readonly unknown: readonly string[];
}

/**
 * Where samples live. Two hubs never share one store of this kind; an engine for several hubs serves the same
 * contract. An implementation takes committed journal entries in their order, exactly once across a crash at any point.
 */
export interface SampleStore {
  start(signal?: AbortSignal): Promise<void>;
  /** The newest journal entry that is in the store; known once it has started, and without asking it. */
  readonly appliedJournalId: number;
  /** The highest series that had a sample when it started; 0: none had. Known once it has started. */
  readonly highestSeries: number;
  /** What readings leave out at this moment; known without asking. */
  readonly damaged: readonly DamagedFile[];
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
  /** By series in the order given, then by time. Throws MusterError `limit_reached` when the method cannot hold so many samples. */
  downsample(query: DownsampleQuery, signal?: AbortSignal): AsyncIterable<readonly DownsampledRow[]>;
  /**
   * Many samples for a thread that computes with them: columns whose buffers may be transferred, never rows. The store chooses the stretches by how its
   * samples lie, and has few blocks on their way that nobody has asked for. Others get their turn in between.
   */
  scan(query: ScanQuery, signal?: AbortSignal): AsyncIterable<ScanBlock>;
  /** The newest sample of every series that has one, for the hub's start. */
  latest(): AsyncIterable<readonly SampleRow[]>;
  /** Has any series a sample in this range? */
  holds(range: TimeRange): Promise<boolean>;
  count(query: TimeRange & { readonly series: readonly SeriesId[] }): Promise<number>;
  /**
   * Writes a Parquet file (time, device, point, value columns, quality, late), sorted by (device, point, time). Returns its rows. Once the signal is
   * aborted it rejects with the signal's reason, ends its work and leaves no file.
   */
  exportParquet(query: TimeRange & { readonly names: readonly SeriesName[] }, path: string, signal?: AbortSignal): Promise<number>;
  /** Removes series whole, such as those of a deleted device. */
  remove(series: readonly SeriesId[]): Promise<void>;
  stats(): Promise<SampleStoreStats>;
  /** Moves samples to where they lie for good. What arrives meanwhile is not held up. */
  compact(request: CompactionRequest): Promise<CompactionResult>;
  /** `count`: changes nothing. `due`: deletes what can go without writing much anew. `all`: deletes all that is too old. */
  retain(rules: RetentionRules, mode: 'count' | 'due' | 'all'): Promise<RetentionResult>;
  /** Reads everything back and compares it with what was noted when it was written. */
  verify(): Promise<VerifyResult>;
}
