import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { MusterError } from '../errors/muster-error.ts';
import type { CommittedGroup } from '../storage/commit-log.ts';
import type { AppliedBatch, CompactionResult, MaintenanceRun, RetentionResult } from '../storage/sample-store.ts';
import { ApplyLag } from './apply-lag.ts';
import type { MaintenanceCounts, StorageCounts } from './hub-figures.ts';

/** Seconds: an fsync of a good disk takes 1 ms, of a poor one 50. */
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const GROUP_UNIT_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
const GROUP_BYTE_BUCKETS = [100, 1e3, 1e4, 1e5, 5e5, 1e6, 2e6, 4e6, 8e6];
const APPLY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MAINTENANCE_BUCKETS = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];

export interface StorageTally {
  committed(group: CommittedGroup): void;
  applied(journalId: number, batch: AppliedBatch | null): void;
  maintained(run: MaintenanceRun): void;
  /** Journal entries up to this one are there, committed before the hub was started. */
  found(lastJournalId: number, applied: number): void;
  counts(): StorageCounts;
}

/** What happens to samples on their way from the commit to their files. */
export function createStorageTally(registers: Registry[], clock: () => number): StorageTally {
  const histogram = (name: string, help: string, buckets: number[]) => new Histogram({ name, help, buckets, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const commitSeconds = histogram('muster_commit_seconds', 'Time of one group commit: the transaction with its fsync', COMMIT_BUCKETS);
  const groupUnits = histogram(
    'muster_commit_units',
    'Units of one group commit: a unit is what many messages share, or one with statements',
    GROUP_UNIT_BUCKETS,
  );
  const groupBytes = histogram('muster_commit_bytes', 'Samples, broker changes and marks of one group commit', GROUP_BYTE_BUCKETS);
  const groupSamples = counter('muster_commit_samples_total', 'Samples in group commits');
  const brokerChanges = new Counter({
    name: 'muster_broker_changes_total',
    help: 'Changes of sessions, queued and retained messages: those committed (logged), and those that lasted and went into tables (stored)',
    labelNames: ['step'],
    registers,
  });
  const logged = brokerChanges.labels('logged');
  const stored = brokerChanges.labels('stored');
  const applySeconds = histogram('muster_apply_seconds', 'Time of one transaction that takes journal entries into the sample store', APPLY_BUCKETS);
  const applySamples = counter('muster_apply_samples_total', 'Samples that went from the journal into the sample store');
  const lag = new ApplyLag();
  new Gauge({
    name: 'muster_apply_lag_seconds',
    help: 'Age of the oldest samples that are committed and not yet in the sample store; 0: there are none',
    registers,
    collect() {
      this.set(lag.lagMs(clock()) / 1000);
    },
  });
  const compactionSeconds = histogram(
    'muster_compaction_seconds',
    'Time of one run that moves samples to files, also of one that finds nothing',
    MAINTENANCE_BUCKETS,
  );
  const compactionFailed = counter('muster_compaction_failed_total', 'Runs that moved samples to files and failed; muster status has the last error');
  const compactionSamples = counter('muster_compaction_samples_total', 'Samples that were moved to files');
  const compactionFiles = new Counter({
    name: 'muster_compaction_files_total',
    help: 'Files that compaction wrote, and those that it replaced by them',
    labelNames: ['action'],
    registers,
  });
  const filesWritten = compactionFiles.labels('written');
  const filesReplaced = compactionFiles.labels('replaced');
  const compactionBytes = counter('muster_compaction_written_bytes_total', 'Bytes of the files that compaction wrote');
  const retentionSeconds = histogram(
    'muster_retention_seconds',
    'Time of one run that deletes what is too old, also of one that finds nothing',
    MAINTENANCE_BUCKETS,
  );
  const retentionFailed = counter('muster_retention_failed_total', 'Runs that delete what is too old and failed; muster status has the last error');
  const retentionSamples = counter('muster_retention_samples_total', 'Samples that were deleted because they were too old');

  const commits = { groups: 0, units: 0, samples: 0, bytes: 0, elapsedMs: 0 };
  const apply = { batches: 0, samples: 0, elapsedMs: 0 };
  let compaction = NOTHING_DONE;
  let retention = NOTHING_DONE;

  function compacted(result: CompactionResult, elapsedMs: number): void {
    compactionSamples.inc(result.samples);
    filesWritten.inc(result.filesWritten);
    filesReplaced.inc(result.filesReplaced);
    compactionBytes.inc(result.bytesWritten);
    const { samples, filesWritten: written, filesReplaced: filesDeleted, bytesWritten } = result;
    compaction = added(compaction, { samples, filesWritten: written, filesDeleted, bytesWritten }, elapsedMs, clock());
  }

  function deleted({ samples, filesDeleted, filesRewritten }: RetentionResult, elapsedMs: number): void {
    retentionSamples.inc(samples);
    retention = added(retention, { samples, filesWritten: filesRewritten, filesDeleted, bytesWritten: 0 }, elapsedMs, clock());
  }

  return {
    committed({ journalId, units, samples, bytes, changesLogged, changesStored, elapsedMs }) {
      commitSeconds.observe(elapsedMs / 1000);
      groupUnits.observe(units);
      groupBytes.observe(bytes);
      groupSamples.inc(samples);
      logged.inc(changesLogged);
      stored.inc(changesStored);
      commits.groups += 1;
      commits.units += units;
      commits.samples += samples;
      commits.bytes += bytes;
      commits.elapsedMs += elapsedMs;
      if (journalId !== null) lag.committed(journalId, clock());
    },
    applied(journalId, batch) {
      lag.applied(journalId);
      if (batch === null) return;
      applySeconds.observe(batch.elapsedMs / 1000);
      applySamples.inc(batch.samples);
      apply.batches += 1;
      apply.samples += batch.samples;
      apply.elapsedMs += batch.elapsedMs;
    },
    maintained({ work, elapsedMs, result }) {
      const isCompaction = work === 'compact';
      (isCompaction ? compactionSeconds : retentionSeconds).observe(elapsedMs / 1000);
      if (!(result instanceof MusterError)) {
        if (work === 'compact') compacted(result, elapsedMs);
        else deleted(result, elapsedMs);
        return;
      }
      (isCompaction ? compactionFailed : retentionFailed).inc();
      const before = isCompaction ? compaction : retention;
      const now = {
        ...before,
        runs: before.runs + 1,
        failed: before.failed + 1,
        elapsedMs: before.elapsedMs + elapsedMs,
        lastAt: clock(),
        lastError: result.message,
      };
      if (isCompaction) compaction = now;
      else retention = now;
    },
    found(lastJournalId, applied) {
      lag.applied(applied);
      lag.committed(lastJournalId, clock());
    },
    counts: () => ({ commits: { ...commits }, apply: { ...apply }, applyLagMs: lag.lagMs(clock()), compaction, retention }),
  };
}

const NOTHING_DONE: MaintenanceCounts = {
  runs: 0,
  failed: 0,
  samples: 0,
  filesWritten: 0,
  filesDeleted: 0,
  bytesWritten: 0,
  elapsedMs: 0,
  lastAt: null,
  lastError: null,
};

type Done = Pick<MaintenanceCounts, 'samples' | 'filesWritten' | 'filesDeleted' | 'bytesWritten'>;

function added(before: MaintenanceCounts, done: Done, elapsedMs: number, now: number): MaintenanceCounts {
  return {
    runs: before.runs + 1,
    failed: before.failed,
    samples: before.samples + done.samples,
    filesWritten: before.filesWritten + done.filesWritten,
    filesDeleted: before.filesDeleted + done.filesDeleted,
    bytesWritten: before.bytesWritten + done.bytesWritten,
    elapsedMs: before.elapsedMs + elapsedMs,
    lastAt: now,
    lastError: null,
  };
}
