import type { CommandId, DeviceId, JobId, PointPath, ProjectId } from './ids.ts';
import type { JsonValue } from './value.ts';

/** What a hub asks of a device. `set`: wanted values of parameters and set points. `call`: something to do. `config`: a whole configuration document. */
export const COMMAND_KINDS = ['set', 'call', 'config'] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

/**
 * queued: on disk in the hub, the device is not there or does not listen. sent: written to a connection of it. delivered: the device's client acknowledged it (PUBACK;
 * fetched over HTTP). applied, rejected: the device said so. expired: it did not in time. cancelled: somebody took it back, or a newer one took its place (superseded).
 */
export const COMMAND_STATES = ['queued', 'sent', 'delivered', 'applied', 'rejected', 'expired', 'cancelled'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export function isSettled(state: CommandState): boolean {
  return state === 'applied' || state === 'rejected' || state === 'expired' || state === 'cancelled';
}

/** Longest wait of one request until something happens to a command, ms. Whoever wants to wait longer asks again. */
export const COMMAND_WAIT_MAX_MS = 60_000;

/** What a device can say of a command. */
export const COMMAND_ANSWERS = ['applied', 'rejected'] as const;
export type CommandAnswer = (typeof COMMAND_ANSWERS)[number];

/** Times in ms since 1970. */
export interface Command {
  readonly id: CommandId;
  readonly project: ProjectId;
  readonly device: DeviceId;
  readonly kind: CommandKind;
  /** The name that is called; of a set the one point, or null when there are several; of a configuration null. */
  readonly name: string | null;
  /** set: values by point path. call: arguments. config: the document. */
  readonly value: JsonValue;
  readonly state: CommandState;
  /** Of what was rejected, expired or cancelled: why, for people. */
  readonly reason: string | null;
  /** What the device answered to a call. */
  readonly result: JsonValue;
  /** What the device said after the command had expired or was cancelled; null: nothing. It changes nothing of the state. */
  readonly lateAnswer: CommandAnswer | null;
  /** As in events: `user:anna`, `rule:boiler-hot`. */
  readonly actor: string;
  /** Of a configuration: its version. */
  readonly version: number | null;
  readonly job: JobId | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly sentAt: number | null;
  readonly deliveredAt: number | null;
  readonly settledAt: number | null;
}

/** The newest value that was asked of a point, beside what the device reports. Times in ms since 1970. */
export interface WantedValue {
  readonly point: PointPath;
  readonly value: JsonValue;
  readonly command: CommandId;
  readonly state: CommandState;
  readonly reason: string | null;
  readonly actor: string;
  readonly wantedAt: number;
  readonly settledAt: number | null;
}
