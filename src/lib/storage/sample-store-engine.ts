import type { SeriesId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { MusterError } from '../errors/muster-error.ts';
import type { AppliedBatch, MaintenanceRun, SampleStore, StoredSeries } from './sample-store.ts';

/** What the hub gives to every engine that keeps samples. */
export interface SampleStoreOptions {
  /** The engine's own folder; made when it is missing. */
  readonly folder: string;
  /** The system database that holds the ingest journal. */
  readonly systemFile: string;
  readonly applyIntervalMs: number;
  readonly memoryBytes: number;
  /** Samples this young stay in the hot table, in whole UTC days. */
  readonly hotHours: number;
  /** With more samples in the hot table, younger ones leave it too. */
  readonly hotSamplesMax: number;
  /** What a series is called; null: nobody knows it any more. */
  readonly describe: (series: SeriesId) => StoredSeries | null;
  readonly log: Log;
  /** Everything up to this journal entry is durable in the store. After `onFailed` it says that the store works again. `batch`: what it took; null at the start. */
  readonly onApplied: (journalId: number, batch: AppliedBatch | null) => void;
  /** For those who count. */
  readonly onMaintained?: (run: MaintenanceRun) => void;
  /** The store cannot take what the journal holds. Nothing is lost: the journal keeps it and the store tries again. */
  readonly onFailed: (error: MusterError) => void;
}

export interface SampleStoreEngine {
  readonly name: string;
  readonly summary: string;
  load(): Promise<(options: SampleStoreOptions) => SampleStore>;
}
