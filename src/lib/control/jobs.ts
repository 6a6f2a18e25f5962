import type { CommandKind } from '../domain/command.ts';
import type { DeviceId, JobId, ProjectId } from '../domain/ids.ts';
import type { JobDevice, JobDeviceState } from '../domain/job.ts';
import type { JsonValue } from '../domain/value.ts';
import type { JobRecord } from '../storage/job-storage.ts';
import type { Page, PageRequest } from '../storage/page.ts';

export interface NewJob {
  readonly kind: CommandKind;
  readonly name: string | null;
  /** As of a command; of kind config a ConfigChange. */
  readonly value: JsonValue;
  /** Those that may be asked (not disabled, not retired) of all that fit (domain/selector.ts). */
  readonly selector: string;
  readonly concurrency: number;
  readonly stages: readonly number[];
  readonly failuresMaxPercent: number | null;
  /** null: control.expiry-default-ms. */
  readonly expiryMs: number | null;
}

/** The same command for many devices, in stages. Each method that changes a job resolves once that is on disk, and throws not_found, and conflict where its state does not allow it. */
export interface Jobs {
  /** The devices that it would ask. Throws invalid. */
  fitting(project: ProjectId, selector: string): Promise<readonly DeviceId[]>;
  /** Throws invalid, limit_reached. Resolves when all its devices are written down; it waits to be started. */
  create(project: ProjectId, job: NewJob, actor: string): Promise<JobRecord>;
  get(project: ProjectId, id: JobId): Promise<JobRecord>;
  /** The newest first. */
  list(project: ProjectId, page: PageRequest): Promise<Page<JobRecord>>;
  devices(project: ProjectId, id: JobId, states: readonly JobDeviceState[] | null, page: PageRequest): Promise<Page<JobDevice>>;
  /** One that waits. */
  start(project: ProjectId, id: JobId, actor: string): Promise<JobRecord>;
  /** Nothing new is asked; what is under way goes on. */
  pause(project: ProjectId, id: JobId, actor: string): Promise<JobRecord>;
  /** One that is paused, or stopped: the failures so far are let go. */
  resume(project: ProjectId, id: JobId, actor: string): Promise<JobRecord>;
  /** For good. What is under way is taken back. */
  cancel(project: ProjectId, id: JobId, actor: string): Promise<JobRecord>;
  /** Asks those again that failed or were cancelled; one that ended goes on. */
  retry(project: ProjectId, id: JobId, actor: string): Promise<JobRecord>;
}
