import type { CommandKind } from './command.ts';
import type { JobId, ProjectId } from './ids.ts';
import type { JsonValue } from './value.ts';

/** waiting: made, not started. stopped: a stage failed more often than it may. */
export const JOB_STATES = ['waiting', 'running', 'paused', 'stopped', 'done', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** The same command for many devices. Survives a restart: what was asked of a device is not asked again. */
export interface Job {
  readonly id: JobId;
  readonly project: ProjectId;
  readonly kind: CommandKind;
  readonly name: string | null;
  readonly value: JsonValue;
  /** Which devices, as it was when the job was made; the devices themselves are written down then. */
  readonly selector: string;
  readonly state: JobState;
  /** Why it is paused or stopped, for people. */
  readonly reason: string | null;
  /** Commands under way at a time. */
  readonly concurrency: number;
  /** Shares of the devices at which it stops to look, in percent, the last one 100: [1, 10, 100]. */
  readonly stages: readonly number[];
  /** The job stops at the end of a stage, and within one, when more of its commands failed (percent); null: never. */
  readonly failuresMaxPercent: number | null;
  /** How long each command lives, ms. */
  readonly expiryMs: number;
  readonly devices: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}
