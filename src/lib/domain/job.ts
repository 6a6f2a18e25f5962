import type { CommandKind, CommandState } from './command.ts';
import type { CommandId, DeviceId, JobId, ProjectId } from './ids.ts';
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
  /** Failures that somebody has seen and let go on from: they do not stop it again. */
  readonly forgiven: number;
  /** How long each command lives, ms. */
  readonly expiryMs: number;
  readonly devices: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** Where one device of a job stands. waiting: it was not asked yet. failed: it could not be asked. Else as its command. */
export const JOB_DEVICE_STATES = ['waiting', 'queued', 'sent', 'delivered', 'applied', 'rejected', 'expired', 'cancelled', 'failed'] as const;
export type JobDeviceState = 'waiting' | 'failed' | CommandState;

export interface JobDevice {
  readonly job: JobId;
  /** Its place in the order in which they are asked: from 0. */
  readonly place: number;
  readonly device: DeviceId;
  readonly state: JobDeviceState;
  readonly reason: string | null;
  /** The last one that it was asked with. */
  readonly command: CommandId | null;
}

/** How many devices of a job are where. */
export type JobSummary = Readonly<Record<JobDeviceState, number>>;

/** These count against failuresMaxPercent, and these are asked again by a retry, with those that were cancelled. */
export const JOB_FAILURES = ['rejected', 'expired', 'failed'] as const satisfies readonly JobDeviceState[];

export function failuresOf(summary: JobSummary): number {
  return JOB_FAILURES.reduce((sum, state) => sum + summary[state], 0);
}

export function isOver(state: JobState): boolean {
  return state === 'done' || state === 'cancelled';
}

export function emptySummary(): Record<JobDeviceState, number> {
  return { waiting: 0, queued: 0, sent: 0, delivered: 0, applied: 0, rejected: 0, expired: 0, cancelled: 0, failed: 0 };
}
