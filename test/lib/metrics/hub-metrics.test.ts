import { expect, onTestFinished, test } from 'vitest';
import type { InboundMessage } from '../../../src/lib/ingest/inbound-message.ts';
import { createHubMetrics } from '../../../src/lib/metrics/hub-metrics.ts';
import { RecentLatency } from '../../../src/lib/metrics/recent-latency.ts';

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
  metrics.watch(() => ({
    devices,
    points: 2,
    messagesWaiting: 3,
    commitsWaiting: 4,
    commitsFailing: true,
    commitGroupsFailed: 10,
    commitThreadRestarts: 11,
    damagedEntries: 12,
    journalBytes: 5,
    journalEntriesToApply: 6,
    sampleStoreFailed: true,
    pressure: { since: 1, reason: 'a test' },
    pressureTimes: 3,
    pressureHeldMs: 2500,
    diskFreeBytes: null,
    diskFull: false,
    httpConnections: 11,
    httpRefused: 12,
    bytesWaiting: 13,
    damagedFiles: 3,
    streamSubscribers: 7,
    streamDropped: 8,
    mqtt: { connections: 9 },
  }));
  devices = 10;
  const text = await metrics.text();
  expect(text).toContain('muster_devices 10');
  expect(text).toContain('muster_sample_store_failed 1');
  expect(text).toContain('muster_ingest_pressing 1');
  expect(text).toContain('muster_ingest_pressed_seconds 2.5');
  expect(text).toContain('muster_disk_free_bytes -1');
  expect(text).toContain('muster_http_connections 11');
  expect(text).toContain('muster_commits_failing 1');
  expect(text).toContain('muster_commit_groups_failed 10');
  expect(text).toContain('muster_commit_thread_restarts 11');
  expect(text).toContain('muster_damaged_entries 12');
  expect(text).toContain('muster_mqtt{name="connections"} 9');
});

test('group commits go into histograms of time, units and bytes', async () => {
  const metrics = metricsAt(() => 0);
  metrics.committed({ units: 3, samples: 10, bytes: 2000, changesLogged: 5, changesStored: 2, elapsedMs: 4 });
  metrics.committed({ units: 1, samples: 0, bytes: 0, changesLogged: 0, changesStored: 1, elapsedMs: 40 });
  const text = await metrics.text();
  expect(text).toContain('muster_commit_seconds_bucket{le="0.005"} 1');
  expect(text).toContain('muster_commit_seconds_count 2');
  expect(text).toContain('muster_commit_units_sum 4');
  expect(text).toContain('muster_commit_bytes_sum 2000');
  expect(text).toContain('muster_broker_changes_total{step="logged"} 5');
  expect(text).toContain('muster_broker_changes_total{step="stored"} 3');
});

test('percentiles are of the newest latencies alone', () => {
  const recent = new RecentLatency();
  expect(recent.percentile(0.5)).toBeNull();
  for (let count = 0; count < 5000; count += 1) recent.add(count < 900 ? 1000 : 1);
  expect(recent.percentile(0.99)).toBe(1);
  recent.add(7);
  expect(recent.percentile(1)).toBe(7);
});
