import type { Quality } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';
import type { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry, PointEntry } from '../fleet/directory.ts';
import type { Reading } from '../formats/reading.ts';
import type { AlarmChanges } from './alarm-changes.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { Rejection } from './ingest.ts';

/** A value on its way to the disk. */
export interface ResolvedSample {
  readonly entry: PointEntry;
  readonly time: number;
  readonly value: SampleValue;
  readonly quality: Quality;
  readonly late: boolean;
}

/** One message on its way through the pipeline. A step takes it and gives it on; `refused` ends the way. */
export interface Batch {
  readonly message: InboundMessage;
  readonly device: DeviceEntry;
  readonly readings: readonly Reading[];
  readonly samples: readonly ResolvedSample[];
  /** At most REJECTIONS_LISTED; `rejectedCount` counts them all. */
  readonly rejections: readonly Rejection[];
  readonly rejectedCount: number;
  /** Nothing of the message can be taken. */
  readonly refused: boolean;
  /** Some of its samples got their time from the hub: sent again, they would be other samples. */
  readonly hubTimed: boolean;
  /** Nothing of it may be taken now: its sender is to send it again later. */
  readonly postponed: MusterError | null;
  /** What its samples did to alarms: committed with them. null: nothing. */
  readonly changes: AlarmChanges | null;
}

export const REJECTIONS_LISTED = 100;

/** An empty list, made once. */
export const NONE: readonly never[] = [];

export function openBatch(message: InboundMessage, device: DeviceEntry): Batch {
  return {
    message,
    device,
    readings: NONE,
    samples: NONE,
    rejections: NONE,
    rejectedCount: 0,
    refused: false,
    hubTimed: false,
    postponed: null,
    changes: null,
  };
}

// Batches are written out, not spread: one shape, made in one step.

export function refuse({ message, device, hubTimed }: Batch, rejection: Rejection): Batch {
  return { message, device, readings: NONE, samples: NONE, rejections: [rejection], rejectedCount: 1, refused: true, hubTimed, postponed: null, changes: null };
}

export function withReadings({ message, device }: Batch, readings: readonly Reading[]): Batch {
  return { message, device, readings, samples: NONE, rejections: NONE, rejectedCount: 0, refused: false, hubTimed: false, postponed: null, changes: null };
}

export function withChanges(batch: Batch, changes: AlarmChanges): Batch {
  const { message, device, readings, samples, rejections, rejectedCount, refused, hubTimed, postponed } = batch;
  return { message, device, readings, samples, rejections, rejectedCount, refused, hubTimed, postponed, changes };
}
