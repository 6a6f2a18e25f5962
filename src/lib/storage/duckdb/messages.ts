import type { ErrorCode } from '../../errors/catalogue.ts';
import type { SampleColumns } from '../sample-columns.ts';
import type {
  AggregateQuery,
  AppliedBatch,
  CompactionRequest,
  DamagedFile,
  DownsampleQuery,
  RetentionRules,
  SampleQuery,
  ScanQuery,
  SeriesName,
  StoredSeries,
  TimeRange,
} from '../sample-store.ts';

/** What the thread needs to start. */
export interface WorkerSettings {
  readonly folder: string;
  readonly systemFile: string;
  readonly applyIntervalMs: number;
  readonly memoryBytes: number;
  readonly hotHours: number;
  readonly hotSamplesMax: number;
}

/** What is answered as a stream of blocks. */
export type Reading =
  | { readonly kind: 'read'; readonly query: SampleQuery }
  | { readonly kind: 'aggregate'; readonly query: AggregateQuery }
  | { readonly kind: 'downsample'; readonly query: DownsampleQuery }
  | { readonly kind: 'scan'; readonly query: ScanQuery }
  | { readonly kind: 'latest' };

/** What is answered once. */
export type Task =
  | { readonly kind: 'flush'; readonly journalId: number }
  | { readonly kind: 'holds'; readonly range: TimeRange }
  | { readonly kind: 'count'; readonly query: TimeRange & { readonly series: readonly number[] } }
  | { readonly kind: 'export'; readonly query: TimeRange & { readonly names: readonly SeriesName[] }; readonly path: string }
  | { readonly kind: 'remove'; readonly series: readonly number[] }
  | { readonly kind: 'stats' }
  | { readonly kind: 'compact'; readonly request: CompactionRequest }
  | { readonly kind: 'retain'; readonly rules: RetentionRules; readonly mode: 'count' | 'due' | 'all' }
  | { readonly kind: 'verify' }
  | { readonly kind: 'stop' };

export type ToWorker =
  | { readonly type: 'committed'; readonly journalId: number }
  | { readonly type: 'task'; readonly id: number; readonly task: Task }
  /** `credit`: blocks that may be sent before the first `more`. */
  | { readonly type: 'open'; readonly id: number; readonly reading: Reading; readonly credit: number }
  | { readonly type: 'more'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number }
  /** The answer to `describe`. */
  | { readonly type: 'described'; readonly id: number; readonly names: readonly StoredSeries[] };

/** A part of a result; its buffers are transferred. `counts`: of aggregates, the samples behind each row. */
export interface Block {
  readonly columns: SampleColumns;
  readonly counts: Float64Array | null;
  /** Of a scan. */
  readonly stretch?: TimeRange;
}

/** A MusterError as it crosses between threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export type FromWorker =
  | { readonly type: 'ready'; readonly applied: number; readonly highestSeries: number }
  | { readonly type: 'unready'; readonly failure: Failure }
  | { readonly type: 'applied'; readonly journalId: number; readonly batch: AppliedBatch }
  | { readonly type: 'failing'; readonly failure: Failure }
  | { readonly type: 'damaged'; readonly file: DamagedFile }
  /** What are these series called? */
  | { readonly type: 'describe'; readonly id: number; readonly series: readonly number[] }
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'block'; readonly id: number; readonly block: Block }
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'error'; readonly id: number; readonly failure: Failure };
