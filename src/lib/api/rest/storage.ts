import type { ProjectId } from '../../domain/ids.ts';
import type { Project } from '../../domain/project.ts';
import type { Retention } from '../../domain/retention.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { commitOrExplain } from '../../fleet/commit-or-explain.ts';
import type { Directory } from '../../fleet/directory.ts';
import { beforeOf, pointRules, retentionOfProject, storeRules } from '../../fleet/retention.ts';
import type { HubLevels } from '../../metrics/hub-figures.ts';
import type { CommitLog } from '../../storage/commit-log.ts';
import type { CompactionRequest, DamagedFile, SampleStore } from '../../storage/sample-store.ts';
import type { SystemCheck } from '../../storage/system/check-system.ts';
import type { SystemStore } from '../../storage/system/system-store.ts';
import { type Route, route } from '../route.ts';
import type { SampleReader } from '../sample-reader.ts';
import { CompactRequest, CompactResult, RetentionQuery, RetentionState, RetentionUpdate, StorageStats, VerifyResult } from '../schema/storage.ts';

const RULES_MAX = 1_000;

export interface StoragePorts {
  readonly store: SampleStore;
  readonly reader: SampleReader;
  readonly log: CommitLog;
  readonly clock: () => number;
  readonly directory: Directory;
  readonly system: Pick<SystemStore, 'log' | 'projects'>;
  readonly levels: () => HubLevels;
  /** Reads all of the system database. */
  readonly checkSystem: () => Promise<SystemCheck>;
  /** What was found damaged beside the samples, and is kept out of the way. */
  readonly setAside: () => readonly DamagedFile[];
  /** storage.retention-days */
  readonly retentionDays: number | null;
}

export function storageRoutes({ store, reader, log, clock, directory, system, levels, checkSystem, setAside, retentionDays }: StoragePorts): Route[] {
  const ratio = (bytes: number, samples: number) => (samples === 0 ? null : bytes / samples);

  /** `supposed`: as if the project said this of itself. */
  async function retain(id: ProjectId, mode: 'count' | 'all', supposed?: Retention | null): Promise<RetentionState> {
    await reader.settled();
    const now = clock();
    const view = supposed === undefined ? directory.projects : supposing(id, supposed);
    const rules = await pointRules(directory);
    const effective = retentionOfProject(view, id, retentionDays);
    const own = rules.filter(({ project }) => project === id);
    const result = await store.retain(storeRules(view, rules, retentionDays, now), mode);
    return {
      project: id,
      ...effective,
      before: beforeOf(effective.retention, now),
      rules: own.slice(0, RULES_MAX).map(({ source, of, path, retention, series }) => ({
        source,
        of,
        point: path,
        retention,
        before: beforeOf(retention, now),
        points: series.length,
      })),
      rulesCount: own.length,
      ...result,
    };
  }

  function supposing(id: ProjectId, retention: Retention | null): ReadonlyMap<ProjectId, Project> {
    const project = directory.projects.get(id);
    return project === undefined ? directory.projects : new Map(directory.projects).set(id, { ...project, retention });
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
        const { journalBytes, diskFreeBytes, mqtt } = levels();
        const { appliedJournalId, hot, files, ...stats } = await store.stats();
        const body: StorageStats = {
          ...stats,
          bytesPerSample: ratio(stats.bytes, stats.samples),
          hot,
          files: { ...files, bytesPerSample: ratio(files.bytes, files.samples) },
          journalEntries: Math.max(0, log.lastJournalId - appliedJournalId),
          journalBytes,
          diskFreeBytes,
          broker: {
            sessions: mqtt.sessions ?? 0,
            subscriptions: mqtt.subscriptions ?? 0,
            queuedMessages: mqtt.queuedMessages ?? 0,
            queuedBytes: mqtt.queuedBytes ?? 0,
            retained: mqtt.retained ?? 0,
          },
          damaged: [...stats.damaged, ...setAside()],
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
      summary: 'Read all that is stored back, and check it',
      permission: 'hub:write',
      responses: { 200: VerifyResult },
      async handle() {
        const [samples, { problems, ...checked }] = await Promise.all([store.verify(), checkSystem()]);
        const damaged = [...samples.damaged, ...problems.map((problem) => ({ file: 'system.db', problem }))];
        return { status: 200, body: { ...samples, unknown: [...samples.unknown], damaged, system: checked } };
      },
    }),
    route({
      method: 'GET',
      path: '/storage/retention',
      tag: 'storage',
      summary: 'Show which retention is in force, and what it would delete now',
      permission: 'hub:write',
      query: RetentionQuery,
      responses: { 200: RetentionState },
      async handle({ project, query }) {
        const supposed = query.retention === 'inherit' ? null : query.retention;
        return { status: 200, body: await retain(project, 'count', supposed) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/storage/retention',
      tag: 'storage',
      summary: 'Say how long the project keeps samples',
      permission: 'hub:write',
      body: RetentionUpdate,
      responses: { 200: RetentionState },
      async handle({ project: id, body }) {
        const { retention } = body;
        await commitOrExplain(system.log, [system.projects.setRetention(id, retention)], {
          stale: () => new MusterError('not_found', `there is no project ${id}`),
        });
        const known = directory.projects.get(id);
        if (known !== undefined) directory.projects.set(id, { ...known, retention });
        return { status: 200, body: await retain(id, 'count') };
      },
    }),
    route({
      method: 'POST',
      path: '/storage/retention',
      tag: 'storage',
      summary: 'Delete what is too old now',
      permission: 'hub:write',
      responses: { 200: RetentionState },
      handle: async ({ project }) => ({ status: 200, body: await retain(project, 'all') }),
    }),
  ];
}

function scopeOf({ all, day }: CompactRequest): CompactionRequest['scope'] {
  if (day === undefined) return all === true ? 'all' : 'due';
  if (all === true) throw new MusterError('invalid', 'all and day exclude each other');
  return { day: Date.parse(`${day}T00:00:00Z`) };
}
