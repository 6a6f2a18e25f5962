import { MusterError } from '../../errors/muster-error.ts';
import type { CommitLog } from '../../storage/commit-log.ts';
import type { CompactionRequest, RetentionRules, SampleStore } from '../../storage/sample-store.ts';
import { type Route, route } from '../route.ts';
import type { SampleReader } from '../sample-reader.ts';
import { CompactRequest, CompactResult, RetentionState, StorageStats, VerifyResult } from '../schema/storage.ts';

export interface StoragePorts {
  readonly store: SampleStore;
  readonly reader: SampleReader;
  readonly log: CommitLog;
  readonly clock: () => number;
  /** What the settings say of retention at this moment. */
  readonly retention: { readonly days: number | null; rules(): RetentionRules };
}

export function storageRoutes({ store, reader, log, clock, retention }: StoragePorts): Route[] {
  const ratio = (bytes: number, samples: number) => (samples === 0 ? null : bytes / samples);

  async function retain(mode: 'count' | 'all'): Promise<RetentionState> {
    await reader.settled();
    const rules = retention.rules();
    return { days: retention.days, before: rules.projects[0]?.before ?? null, ...(await store.retain(rules, mode)) };
  }

  return [
    route({
      method: 'GET',
      path: '/storage',
      tag: 'storage',
      summary: 'Show what the sample store holds, and in how many bytes',
      permission: 'hub:read',
      responses: { 200: StorageStats },
      async handle() {
        const { appliedJournalId, hot, files, ...stats } = await store.stats();
        const body: StorageStats = {
          ...stats,
          bytesPerSample: ratio(stats.bytes, stats.samples),
          hot,
          files: { ...files, bytesPerSample: ratio(files.bytes, files.samples) },
          journalEntries: Math.max(0, log.lastJournalId - appliedJournalId),
          damaged: [...stats.damaged],
        };
        return { status: 200, body };
      },
    }),
    route({
      method: 'POST',
      path: '/storage/compact',
      tag: 'storage',
      summary: 'Move samples from the hot table to Parquet files now',
      permission: 'hub:write',
      body: CompactRequest,
      responses: { 200: CompactResult },
      async handle({ body }) {
        const scope = scopeOf(body);
        await reader.settled();
        return { status: 200, body: await store.compact({ now: clock(), scope }) };
      },
    }),
    route({
      method: 'POST',
      path: '/storage/verify',
      tag: 'storage',
      summary: 'Read all stored samples back, and check them',
      permission: 'hub:write',
      responses: { 200: VerifyResult },
      handle: async () => ({ status: 200, body: await store.verify() }),
    }),
    route({
      method: 'GET',
      path: '/storage/retention',
      tag: 'storage',
      summary: 'Show which retention is in force, and what it would delete now',
      permission: 'hub:write',
      responses: { 200: RetentionState },
      handle: async () => ({ status: 200, body: await retain('count') }),
    }),
    route({
      method: 'POST',
      path: '/storage/retention',
      tag: 'storage',
      summary: 'Delete what is too old now',
      permission: 'hub:write',
      responses: { 200: RetentionState },
      handle: async () => ({ status: 200, body: await retain('all') }),
    }),
  ];
}

function scopeOf({ all, day }: CompactRequest): CompactionRequest['scope'] {
  if (day === undefined) return all === true ? 'all' : 'due';
  if (all === true) throw new MusterError('invalid', 'all and day exclude each other');
  return { day: Date.parse(`${day}T00:00:00Z`) };
}
