import type { HubStatus } from '../api/schema/status.ts';
import { type Column, timeColumn } from './column.ts';
import { formatAge } from './duration.ts';

/** A status with the rates since the reading before it, per second. */
export interface RatedStatus extends HubStatus {
  readonly rates: { readonly messages: number; readonly samples: number; readonly rejected: number; readonly failed: number; readonly limited: number };
}

/** Rates from two readings of one hub; after a restart between them its counts began again, and so do the rates. */
export function ratedStatus(before: HubStatus, now: HubStatus): RatedStatus {
  const seconds = Math.max(0.001, (now.time - before.time) / 1000);
  const restarted = before.startedAt !== now.startedAt;
  const rate = (key: 'messages' | 'samples' | 'rejected' | 'failed' | 'limited') =>
    restarted ? 0 : Math.round(((now.ingest[key] - before.ingest[key]) / seconds) * 10) / 10;
  return {
    ...now,
    rates: { messages: rate('messages'), samples: rate('samples'), rejected: rate('rejected'), failed: rate('failed'), limited: rate('limited') },
  };
}

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

function pressureText(pressure: HubStatus['ingest']['pressure'], now: number): string {
  return pressure === null ? 'none' : `for ${formatAge(now - pressure.since)}: ${pressure.reason}`;
}

export const STATUS_COLUMNS: readonly Column<RatedStatus>[] = [
  timeColumn('time', ({ time }) => time),
  { name: 'ready', value: ({ ready }) => ready, text: ({ ready }) => (ready ? 'yes' : 'no') },
  { name: 'up', value: ({ time, startedAt }) => time - startedAt, text: ({ time, startedAt }) => formatAge(time - startedAt) },
  { name: 'samples/s', value: ({ rates }) => rates.samples, right: true },
  { name: 'messages/s', value: ({ rates }) => rates.messages, right: true },
  { name: 'rejected/s', value: ({ rates }) => rates.rejected, right: true },
  { name: 'failed/s', value: ({ rates }) => rates.failed, right: true },
  { name: 'limited/s', value: ({ rates }) => rates.limited, right: true },
  { name: 'p50-ms', value: ({ ingest }) => ingest.acknowledgeP50Ms, right: true },
  { name: 'p99-ms', value: ({ ingest }) => ingest.acknowledgeP99Ms, right: true },
  { name: 'waiting', value: ({ ingest }) => ingest.waiting, right: true },
  { name: 'journal-mb', value: ({ storage }) => megabytes(storage.journalBytes), right: true },
  { name: 'to-apply', value: ({ storage }) => storage.journalEntriesToApply, right: true },
  { name: 'pressure', value: ({ ingest }) => ingest.pressure, text: ({ ingest: { pressure }, time }) => pressureText(pressure, time) },
  { name: 'disk-free-mb', value: ({ storage }) => (storage.diskFreeBytes === null ? null : megabytes(storage.diskFreeBytes)), right: true },
  { name: 'disk', value: ({ storage }) => (storage.diskFull ? 'full' : 'ok') },
  { name: 'store', value: ({ storage }) => (storage.failed ? 'failed' : storage.damagedFiles > 0 ? 'damaged' : 'ok') },
  { name: 'devices', value: ({ fleet }) => fleet.devices, right: true },
  { name: 'points', value: ({ fleet }) => fleet.points, right: true },
  { name: 'connections', value: ({ mqtt }) => mqtt.connections ?? 0, right: true },
  { name: 'subscribers', value: ({ stream }) => stream.subscribers, right: true },
  { name: 'memory-mb', value: ({ process }) => megabytes(process.memoryBytes), right: true },
  { name: 'loop-delay-ms', value: ({ process }) => process.eventLoopDelayP99Ms, right: true },
];
