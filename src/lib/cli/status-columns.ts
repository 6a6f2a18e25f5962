import type { HubStatus } from '../api/schema/status.ts';
import { formatAge } from '../domain/duration.ts';
import { type Column, timeColumn } from './column.ts';

/** What happened between two readings: so many a second, and how large and long the average of some was (null: there was none). */
export interface StatusRates {
  readonly messages: number;
  readonly samples: number;
  readonly rejected: number;
  readonly failed: number;
  readonly limited: number;
  readonly repeated: number;
  readonly commits: number;
  readonly applied: number;
  readonly mqttReceived: number;
  readonly mqttSent: number;
  readonly mqttDropped: number;
  readonly mqttRefused: number;
  readonly mqttRefusedConnections: number;
  readonly samplesPerCommit: number | null;
  readonly commitMs: number | null;
  readonly applyMs: number | null;
}

export interface RatedStatus extends HubStatus {
  readonly rates: StatusRates;
}

/** Rates from two readings of one hub; after a restart between them its counts began again, and so do the rates. */
export function ratedStatus(before: HubStatus, now: HubStatus): RatedStatus {
  const seconds = Math.max(0.001, (now.time - before.time) / 1000);
  const restarted = before.startedAt !== now.startedAt;
  const grown = (count: (status: HubStatus) => number) => (restarted ? 0 : count(now) - count(before));
  const rate = (count: (status: HubStatus) => number) => rounded(grown(count) / seconds);
  const average = (sum: (status: HubStatus) => number, count: (status: HubStatus) => number) => {
    const number = grown(count);
    return number === 0 ? null : rounded(grown(sum) / number);
  };
  return {
    ...now,
    rates: {
      messages: rate(({ ingest }) => ingest.messages),
      samples: rate(({ ingest }) => ingest.samples),
      rejected: rate(({ ingest }) => ingest.rejected),
      failed: rate(({ ingest }) => ingest.failed),
      limited: rate(({ ingest }) => ingest.limited),
      repeated: rate(({ ingest }) => ingest.repeated),
      commits: rate(({ storage }) => storage.commits.groups),
      applied: rate(({ storage }) => storage.apply.samples),
      mqttReceived: rate(({ mqtt }) => mqtt.received),
      mqttSent: rate(({ mqtt }) => mqtt.sent),
      mqttDropped: rate(({ mqtt }) => mqtt.dropped),
      mqttRefused: rate(({ mqtt }) => mqtt.refused),
      mqttRefusedConnections: rate(({ mqtt }) => mqtt.refusedConnections),
      samplesPerCommit: average(
        ({ storage }) => storage.commits.samples,
        ({ storage }) => storage.commits.groups,
      ),
      commitMs: average(
        ({ storage }) => storage.commits.elapsedMs,
        ({ storage }) => storage.commits.groups,
      ),
      applyMs: average(
        ({ storage }) => storage.apply.elapsedMs,
        ({ storage }) => storage.apply.batches,
      ),
    },
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

function pressureText(pressure: HubStatus['ingest']['pressure'], now: number): string {
  return pressure === null ? 'none' : `for ${formatAge(now - pressure.since)}: ${pressure.reason}`;
}

export const STATUS_COLUMNS: readonly Column<RatedStatus>[] = [
  timeColumn('time', ({ time }) => time),
  { name: 'ready', value: ({ ready }) => ready, text: ({ ready }) => (ready ? 'yes' : 'no') },
  { name: 'problems', value: ({ problems }) => problems, text: ({ problems }) => problems.join('; ') || 'none' },
  { name: 'up', value: ({ time, startedAt }) => time - startedAt, text: ({ time, startedAt }) => formatAge(time - startedAt) },
  { name: 'samples/s', value: ({ rates }) => rates.samples, right: true },
  { name: 'messages/s', value: ({ rates }) => rates.messages, right: true },
  { name: 'rejected/s', value: ({ rates }) => rates.rejected, right: true },
  { name: 'failed/s', value: ({ rates }) => rates.failed, right: true },
  { name: 'limited/s', value: ({ rates }) => rates.limited, right: true },
  { name: 'repeated/s', value: ({ rates }) => rates.repeated, right: true },
  { name: 'p50-ms', value: ({ ingest }) => ingest.acknowledgeP50Ms, right: true },
  { name: 'p99-ms', value: ({ ingest }) => ingest.acknowledgeP99Ms, right: true },
  { name: 'waiting', value: ({ ingest }) => ingest.waiting, right: true },
  { name: 'commits/s', value: ({ rates }) => rates.commits, right: true },
  { name: 'commit-ms', value: ({ rates }) => rates.commitMs, right: true },
  { name: 'commit-samples', value: ({ rates }) => rates.samplesPerCommit, right: true },
  { name: 'journal-mb', value: ({ storage }) => megabytes(storage.journalBytes), right: true },
  { name: 'to-apply', value: ({ storage }) => storage.journalEntriesToApply, right: true },
  { name: 'apply-lag-ms', value: ({ storage }) => storage.applyLagMs, right: true },
  { name: 'applied/s', value: ({ rates }) => rates.applied, right: true },
  { name: 'apply-ms', value: ({ rates }) => rates.applyMs, right: true },
  { name: 'pressure', value: ({ ingest }) => ingest.pressure, text: ({ ingest: { pressure }, time }) => pressureText(pressure, time) },
  { name: 'disk-free-mb', value: ({ storage }) => (storage.diskFreeBytes === null ? null : megabytes(storage.diskFreeBytes)), right: true },
  { name: 'disk', value: ({ storage }) => (storage.diskFull ? 'full' : 'ok') },
  { name: 'store', value: ({ storage }) => (storage.failed ? 'failed' : storage.damagedFiles > 0 ? 'damaged' : 'ok') },
  { name: 'compaction', value: ({ storage }) => storage.compaction.lastError ?? 'ok' },
  { name: 'devices', value: ({ fleet }) => fleet.devices, right: true },
  { name: 'points', value: ({ fleet }) => fleet.points, right: true },
  { name: 'connections', value: ({ mqtt }) => mqtt.connections, right: true },
  { name: 'sessions-absent', value: ({ mqtt }) => mqtt.sessionsAbsent, right: true },
  { name: 'queued', value: ({ mqtt }) => mqtt.queuedMessages, right: true },
  { name: 'dropped/s', value: ({ rates }) => rates.mqttDropped, right: true },
  { name: 'http', value: ({ http }) => http.connections, right: true },
  { name: 'subscribers', value: ({ stream }) => stream.subscribers, right: true },
  { name: 'alarms', value: ({ alarms }) => alarms.alarmsLive, right: true },
  { name: 'untold', value: ({ notifications }) => notifications.waiting, right: true },
  { name: 'told', value: ({ notifications }) => notifications.delivered, right: true },
  { name: 'given-up', value: ({ notifications }) => notifications.failed, right: true },
  { name: 'channels-failing', value: ({ notifications }) => notifications.failing, right: true },
  { name: 'memory-mb', value: ({ process }) => megabytes(process.memoryBytes), right: true },
  { name: 'loop-delay-ms', value: ({ process }) => process.eventLoopDelayP99Ms, right: true },
];
