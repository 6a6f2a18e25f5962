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
  expect(metrics.counts()).toEqual({ messages: 1, samples: 3, rejected: 2, failed: 1, acknowledgeP50Ms: 20, acknowledgeP99Ms: 20 });
  const text = await metrics.text();
  expect(text).toContain('muster_build_info{version="1.2.3"} 1');
  expect(text).toContain('muster_ingest_samples_total{protocol="mqtt"} 3');
  expect(text).toContain('muster_ingest_rejected_total{step="resolve",code="wrong_type"} 2');
  expect(text).toContain('muster_ingest_failed_total{protocol="mqtt",code="overloaded"} 1');
  expect(text).toContain('muster_ingest_acknowledge_seconds_bucket{le="0.025",protocol="mqtt"} 1');
  expect(text).toContain('muster_ingest_acknowledge_seconds_bucket{le="0.01",protocol="mqtt"} 0');
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
    streamSubscribers: 7,
    streamDropped: 8,
    mqtt: { connections: 9 },
  }));
  devices = 10;
  const text = await metrics.text();
  expect(text).toContain('muster_devices 10');
  expect(text).toContain('muster_sample_store_failed 1');
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
