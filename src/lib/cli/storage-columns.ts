import type { CompactResult, RetentionRule, RetentionState, StorageStats, VerifyResult } from '../api/schema/storage.ts';
import { type Column, timeColumn } from './column.ts';

/** Long work answers when it is done; a hub that is gone is noticed by the connection. */
export const LONG_WORK_MS = 6 * 3_600_000;

export const STORAGE_COLUMNS: readonly Column<StorageStats>[] = [
  { name: 'samples', value: (row) => row.samples, right: true },
  { name: 'bytes', value: (row) => row.bytes, right: true },
  { name: 'bytes-per-sample', value: (row) => row.bytesPerSample, text: (row) => decimals(row.bytesPerSample), right: true },
  { name: 'files', value: (row) => row.files.count, right: true },
  { name: 'file-samples', value: (row) => row.files.samples, right: true },
  { name: 'file-bytes', value: (row) => row.files.bytes, right: true },
  { name: 'file-bytes-per-sample', value: (row) => row.files.bytesPerSample, text: (row) => decimals(row.files.bytesPerSample), right: true },
  { name: 'hot-samples', value: (row) => row.hot.samples, right: true },
  { name: 'hot-bytes', value: (row) => row.hot.bytes, right: true },
  { name: 'journal-entries', value: (row) => row.journalEntries, right: true },
  { name: 'journal-bytes', value: (row) => row.journalBytes, right: true },
  { name: 'broker-sessions', value: (row) => row.broker.sessions, right: true },
  { name: 'broker-queued', value: (row) => row.broker.queuedMessages, right: true },
  { name: 'broker-queued-bytes', value: (row) => row.broker.queuedBytes, right: true },
  { name: 'broker-retained', value: (row) => row.broker.retained, right: true },
  { name: 'disk-free-bytes', value: (row) => row.diskFreeBytes, right: true },
  timeColumn('oldest', (row) => row.oldest),
  timeColumn('newest', (row) => row.newest),
  { name: 'damaged', value: (row) => row.damaged, text: (row) => [...new Set(row.damaged.map(({ file }) => file))].join(' ') || 'none' },
];

export const COMPACT_COLUMNS: readonly Column<CompactResult>[] = [
  { name: 'samples', value: (row) => row.samples, right: true },
  { name: 'files-written', value: (row) => row.filesWritten, right: true },
  { name: 'files-replaced', value: (row) => row.filesReplaced, right: true },
  { name: 'bytes-written', value: (row) => row.bytesWritten, right: true },
  { name: 'samples-kept', value: (row) => row.samplesKept, right: true },
];

export const RETENTION_COLUMNS: readonly Column<RetentionState>[] = [
  { name: 'project', value: (row) => row.project },
  { name: 'retention', value: (row) => row.retention },
  { name: 'source', value: (row) => row.source },
  timeColumn('before', (row) => row.before),
  { name: 'samples', value: (row) => row.samples, right: true },
  { name: 'files-deleted', value: (row) => row.filesDeleted, right: true },
  { name: 'files-rewritten', value: (row) => row.filesRewritten, right: true },
  { name: 'rules', value: (row) => row.rulesCount, right: true },
];

export const RETENTION_RULE_COLUMNS: readonly Column<RetentionRule>[] = [
  { name: 'source', value: (row) => row.source },
  { name: 'of', value: (row) => row.of },
  { name: 'point', value: (row) => row.point },
  { name: 'retention', value: (row) => row.retention },
  timeColumn('before', (row) => row.before),
  { name: 'points', value: (row) => row.points, right: true },
];

/** A file that something is to be said of. */
export interface Finding {
  readonly file: string;
  readonly state: 'damaged' | 'unknown';
  readonly problem: string;
}

export const FINDING_COLUMNS: readonly Column<Finding>[] = [
  { name: 'file', value: (row) => row.file },
  { name: 'state', value: (row) => row.state },
  { name: 'problem', value: (row) => row.problem },
];

export function findingsOf({ damaged, unknown }: VerifyResult): Finding[] {
  return [
    ...damaged.map(({ file, problem }) => ({ file, state: 'damaged' as const, problem })),
    ...unknown.map((file) => ({ file, state: 'unknown' as const, problem: 'the store does not know it, and leaves it alone' })),
  ];
}

function decimals(value: number | null): string {
  return value === null ? '' : value.toFixed(2);
}
