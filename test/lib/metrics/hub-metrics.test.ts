import { expect, onTestFinished, test } from 'vitest';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import type { InboundMessage } from '../../../src/lib/ingest/inbound-message.ts';
import { ApplyLag } from '../../../src/lib/metrics/apply-lag.ts';
import { createHubMetrics } from '../../../src/lib/metrics/hub-metrics.ts';
import { RecentLatency } from '../../../src/lib/metrics/recent-latency.ts';
import { newCounters } from '../../../src/lib/protocols/mqtt/ports.ts';
import { noLevels } from '../../helpers/hub-levels.ts';

function metricsAt(clock: () => number) {
  const metrics = createHubMetrics('1.2.3', clock);
  onTestFinished(() => metrics.stop());
  return metrics;
}
const message = { protocol: 'mqtt', receivedAt: 1000 } as InboundMessage;

test('counts what was answered and what failed, and how long it took', async () => {
  const metrics = metricsAt(() => 1020);
  metrics.meter.answered(message, { accepted: 3, rejected: [{ code: 'wrong_type', step: 'resolve', reason: '', point: 'a' }], rejectedCount: 2 });
  metrics.meter.failed(message, 'overloaded');
  metrics.meter.limited(message, 'device-messages');
  metrics.meter.repeated(message);
  expect(metrics.counts()).toEqual({ messages: 1, samples: 3, rejected: 2, failed: 1, limited: 1, repeated: 1, acknowledgeP50Ms: 20, acknowledgeP99Ms: 20 });
  const text = await metrics.text();
  expect(text).toContain('muster_build_info{version="1.2.3"} 1');
  expect(text).toContain('muster_ingest_samples_total{protocol="mqtt"} 3');
  expect(text).toContain('muster_ingest_rejected_total{step="resolve",code="wrong_type"} 2');
  expect(text).toContain('muster_ingest_failed_total{protocol="mqtt",code="overloaded"} 1');
  expect(text).toContain('muster_ingest_limited_total{protocol="mqtt",limit="device-messages"} 1');
  expect(text).toContain('muster_ingest_repeated_total{protocol="mqtt"} 1');
  expect(text).toContain('muster_ingest_acknowledge_seconds_bucket{le="0.025",protocol="mqtt"} 1');
  expect(text).toContain('muster_ingest_acknowledge_seconds_bucket{le="0.01",protocol="mqtt"} 0');
});

test('shows each protocol apart, and buckets that count what is in the smaller ones', async () => {
  let now = 1000;
  const metrics = metricsAt(() => now);
  const answer = (protocol: string, elapsedMs: number) => {
    now = 1000 + elapsedMs;
    metrics.meter.answered({ ...message, protocol }, { accepted: 1, rejected: [], rejectedCount: 0 });
  };
  for (const elapsedMs of [0, 1, 2, 100, 60_000]) answer('mqtt', elapsedMs);
  answer('http', 5);
  const text = await metrics.text();
  const value = (series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  const bucket = (le: string, protocol: string) => value(`muster_ingest_acknowledge_seconds_bucket{le="${le}",protocol="${protocol}"}`);
  expect(['0.001', '0.0025', '0.1', '10', '+Inf'].map((le) => bucket(le, 'mqtt'))).toEqual([2, 3, 4, 4, 5]);
  expect(value('muster_ingest_acknowledge_seconds_count{protocol="mqtt"}')).toBe(5);
  expect(value('muster_ingest_acknowledge_seconds_sum{protocol="mqtt"}')).toBeCloseTo(60.103);
  expect(value('muster_ingest_messages_total{protocol="http"}')).toBe(1);
  expect(text.match(/# TYPE muster_ingest_acknowledge_seconds histogram/g)).toHaveLength(1);
  // A second scrape shows the same: nothing is added up twice.
  expect(await metrics.text()).toContain('muster_ingest_samples_total{protocol="mqtt"} 5');
});

test('reads the levels anew at each scrape', async () => {
  const metrics = metricsAt(() => 0);
  let devices = 1;
  const levels = noLevels({
    groups: 4,
    searches: 1,
    clocksWrong: 3,
    history: { waiting: 5, dropped: 6 },
    commitsFailing: true,
    commitGroupsFailed: 10,
    commitThreadRestarts: 11,
    damagedEntries: 12,
    sampleStoreFailed: true,
    pressure: { since: 1, reason: 'a test' },
    pressureTimes: 3,
    pressureHeldMs: 2500,
    httpConnections: 11,
    mqtt: { ...newCounters(), connections: 9, droppedSlow: 4, subscriptions: 5, sharedSubscriptions: 2 },
    limits: [
      { setting: 'limits.commit-queue', level: 3, limit: 20 },
      { setting: 'http.connections-max', level: 7, limit: null },
    ],
  });
  levels.steps.decode.in = 8;
  metrics.watch(() => ({ ...levels, devices }));
  await metrics.text();
  devices = 10;
  const lines = (await metrics.text()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'muster_devices 10',
      'muster_groups 4',
      'muster_device_searches 1',
      'muster_devices_clock_wrong 3',
      'muster_connection_history_waiting 5',
      'muster_connection_history_dropped_total 6',
      'muster_sample_store_failed 1',
      'muster_ingest_pressing 1',
      'muster_ingest_pressed_total 3',
      'muster_ingest_pressed_seconds_total 2.5',
      'muster_ingest_step_in_total{step="decode"} 8',
      'muster_http_connections 11',
      'muster_commits_failing 1',
      'muster_commit_groups_failed_total 10',
      'muster_commit_thread_restarts_total 11',
      'muster_damaged_entries 12',
      'muster_mqtt_connections 9',
      'muster_mqtt_dropped_messages_total{reason="slow"} 4',
      'muster_mqtt_subscriptions{kind="plain"} 3',
      'muster_limit_level{setting="http.connections-max"} 7',
      'muster_limit{setting="limits.commit-queue"} 20',
    ]),
  );
  expect(lines.filter((line) => line.startsWith('muster_limit{'))).toHaveLength(1);
});

test('what is not known has no value, and no false one', async () => {
  const metrics = metricsAt(() => 0);
  let diskFreeBytes: number | null = 5;
  metrics.watch(() => noLevels({ diskFreeBytes }));
  expect(await metrics.text()).toMatch(/^muster_disk_free_bytes 5$/m);
  diskFreeBytes = null;
  expect(await metrics.text()).not.toMatch(/^muster_disk_free_bytes /m);
  diskFreeBytes = 6;
  expect(await metrics.text()).toMatch(/^muster_disk_free_bytes 6$/m);
});

test('group commits go into histograms of time, units and bytes', async () => {
  const metrics = metricsAt(() => 0);
  metrics.storage.committed({ journalId: 1, units: 3, samples: 10, bytes: 2000, changesLogged: 5, changesStored: 2, elapsedMs: 4 });
  metrics.storage.committed({ journalId: null, units: 1, samples: 0, bytes: 0, changesLogged: 0, changesStored: 1, elapsedMs: 40 });
  const text = await metrics.text();
  expect(text).toContain('muster_commit_seconds_bucket{le="0.005"} 1');
  expect(text).toContain('muster_commit_seconds_count 2');
  expect(text).toContain('muster_commit_units_sum 4');
  expect(text).toContain('muster_commit_bytes_sum 2000');
  expect(text).toContain('muster_commit_samples_total 10');
  expect(text).toContain('muster_broker_changes_total{step="logged"} 5');
  expect(text).toContain('muster_broker_changes_total{step="stored"} 3');
  expect(metrics.storage.counts().commits).toEqual({ groups: 2, units: 4, samples: 10, bytes: 2000, elapsedMs: 44 });
});

test('the way into the sample store is timed, and its lag is that of the oldest entry', async () => {
  let now = 1000;
  const metrics = metricsAt(() => now);
  const commit = (journalId: number) =>
    metrics.storage.committed({ journalId, units: 1, samples: 1, bytes: 1, changesLogged: 0, changesStored: 0, elapsedMs: 1 });
  commit(1);
  now = 3000;
  commit(2);
  now = 3500;
  expect(await metrics.text()).toContain('muster_apply_lag_seconds 2.5');
  metrics.storage.applied(1, { samples: 7, elapsedMs: 200 });
  const text = await metrics.text();
  expect(text).toContain('muster_apply_lag_seconds 0.5');
  expect(text).toContain('muster_apply_samples_total 7');
  expect(text).toContain('muster_apply_seconds_bucket{le="0.25"} 1');
  metrics.storage.applied(2, null);
  expect(await metrics.text()).toContain('muster_apply_lag_seconds 0');
});

test('compaction and retention count their runs, what they did, and why they failed', async () => {
  const metrics = metricsAt(() => 5000);
  const { maintained, counts } = metrics.storage;
  maintained({ work: 'compact', elapsedMs: 200, result: { samples: 10, filesWritten: 2, filesReplaced: 1, bytesWritten: 300, samplesKept: 0 } });
  maintained({ work: 'compact', elapsedMs: 100, result: new MusterError('storage_failed', 'no room') });
  maintained({ work: 'deleteOld', elapsedMs: 50, result: { samples: 4, filesDeleted: 3, filesRewritten: 1 } });
  const text = await metrics.text();
  expect(text).toContain('muster_compaction_seconds_count 2');
  expect(text).toContain('muster_compaction_failed_total 1');
  expect(text).toContain('muster_compaction_samples_total 10');
  expect(text).toContain('muster_compaction_files_total{action="written"} 2');
  expect(text).toContain('muster_compaction_files_total{action="replaced"} 1');
  expect(text).toContain('muster_compaction_written_bytes_total 300');
  expect(text).toContain('muster_retention_samples_total 4');
  expect(counts().compaction).toEqual({
    runs: 2,
    failed: 1,
    samples: 10,
    filesWritten: 2,
    filesDeleted: 1,
    bytesWritten: 300,
    elapsedMs: 300,
    lastAt: 5000,
    lastError: 'no room',
  });
  maintained({ work: 'compact', elapsedMs: 1, result: { samples: 0, filesWritten: 0, filesReplaced: 0, bytesWritten: 0, samplesKept: 0 } });
  expect(counts()).toMatchObject({ compaction: { lastError: null, runs: 3 }, retention: { samples: 4, filesDeleted: 3, filesWritten: 1, lastError: null } });
});

test('the lag of a store that stands still for days takes little memory, and is right', () => {
  const lag = new ApplyLag();
  for (let id = 1; id <= 50_000; id += 1) lag.committed(id, id * 100);
  expect(lag.lagMs(5_000_000)).toBe(4_999_900);
  lag.applied(40_000);
  const shown = lag.lagMs(5_000_000);
  // Never less than it is; more by what was given up for memory.
  expect(shown).toBeGreaterThanOrEqual(5_000_000 - 4_000_100);
  expect(shown).toBeLessThan(1_100_000);
  lag.applied(50_000);
  expect(lag.lagMs(5_000_000)).toBe(0);
  lag.committed(50_000, 5_000_000);
  expect(lag.lagMs(5_000_100)).toBe(0);
});

test('percentiles are of the newest latencies alone', () => {
  const recent = new RecentLatency();
  expect(recent.percentile(0.5)).toBeNull();
  for (let count = 0; count < 5000; count += 1) recent.add(count < 900 ? 1000 : 1);
  expect(recent.percentile(0.99)).toBe(1);
  recent.add(7);
  expect(recent.percentile(1)).toBe(7);
});
