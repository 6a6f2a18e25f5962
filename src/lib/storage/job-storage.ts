import type { CommandId, DeviceId, JobId, ProjectId } from '../domain/ids.ts';
import type { Job, JobDevice, JobDeviceState, JobSummary } from '../domain/job.ts';
import type { Statement } from './commit-log.ts';
import type { Page, PageRequest } from './page.ts';

/** What is new of one device of a job. `command` null: as it was. */
export interface JobDeviceChange {
  readonly job: JobId;
  readonly place: number;
  readonly state: JobDeviceState;
  readonly reason: string | null;
  readonly command: CommandId | null;
}

/** With its summary: of one that is over, the last word. */
export type JobRecord = Job & { readonly summary: JobSummary };

/** Jobs on disk. Reads answer at once; changes are statements, committed by the caller. */
export interface JobStorage {
  /** Those that are not over. For the hub's start. */
  open(): readonly Job[];
  byId(project: ProjectId, id: JobId): Promise<JobRecord | null>;
  /** The last made first. */
  list(project: ProjectId, page: PageRequest): Promise<Page<JobRecord>>;
  /** Counted: some 20 ms for 100,000 devices. */
  summary(job: JobId): JobSummary;
  /** In their order; `states` narrows. */
  devices(job: JobId, states: readonly JobDeviceState[] | null, page: PageRequest): Promise<Page<JobDevice>>;
  /** The next that were not asked, behind a place. */
  waiting(job: JobId, behind: number, limit: number): readonly JobDevice[];
  /** Those that were asked and are not settled, as far as the job knows. */
  underWay(job: JobId): readonly JobDevice[];
  /** Before the job itself is there. */
  insertDevices(job: JobId, first: number, devices: readonly DeviceId[]): Statement;
  /** Inserts or replaces. The summary is as it was when the job was written last. */
  put(job: JobRecord): Statement;
  changeDevices(changes: readonly JobDeviceChange[]): Statement;
  /** Those that failed or were cancelled wait again. */
  retry(job: JobId): Statement;
  /** What became of its commands while nobody was there to hear of it. */
  catchUp(job: JobId): Statement;
  /** Those that have devices and were never made whole. */
  orphans(): readonly JobId[];
  /** Some that ended before this time. */
  endedBefore(time: number): readonly JobId[];
  /** Its devices, at most `max` at once; the receipt says how many went. */
  removeDevices(job: JobId, max: number): Statement;
  remove(job: JobId): Statement;
}
