import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Rejection } from '../ingest/ingest.ts';
import type { IngestMeter } from '../ingest/ingest-meter.ts';
import type { HubLevels, IngestCounts, ProcessLevels } from './hub-figures.ts';
import { levelMetrics } from './level-metrics.ts';
import { LoopDelay } from './loop-delay.ts';
import { MessageTally, showTallies } from './message-tally.ts';
import { RecentLatency } from './recent-latency.ts';
import { createStorageTally, type StorageTally } from './storage-tally.ts';

export interface HubMetrics {
  readonly meter: IngestMeter;
  readonly storage: StorageTally;
  /** From now on scrapes read the levels here. */
  watch(read: () => HubLevels): void;
  counts(): IngestCounts;
  process(): ProcessLevels;
  /** Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
  stop(): void;
}

/** Metrics of one hub, in a registry of its own: two hubs in a process do not share theirs. */
export function createHubMetrics(version: string, clock: () => number): HubMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  // Levels that are named like counters; the same by type stay, as nodejs_active_handles and the like.
  for (const name of ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']) registry.removeSingleMetric(name);
  new Gauge({ name: 'muster_build_info', help: 'Constant 1, labelled with the version', labelNames: ['version'], registers }).set({ version }, 1);
  const tallies = new Map<string, MessageTally>();
  showTallies(tallies, registers);
  const rejected = new Counter({
    name: 'muster_ingest_rejected_total',
    help: 'Values and messages that were not taken',
    labelNames: ['step', 'code'],
    registers,
  });
  const failed = new Counter({
    name: 'muster_ingest_failed_total',
    help: 'Messages that could not be stored and were not acknowledged',
    labelNames: ['protocol', 'code'],
    registers,
  });
  const limited = new Counter({
    name: 'muster_ingest_limited_total',
    help: 'Messages refused for their rate and not acknowledged, by the limit',
    labelNames: ['protocol', 'limit'],
    registers,
  });
  const heldBack = new Counter({
    name: 'muster_ingest_held_back_total',
    help: 'Times that a message over MQTT 3.1.1 was left unread for the rate of its device',
    registers,
  });
  const repeated = new Counter({
    name: 'muster_ingest_repeated_total',
    help: 'Messages that were known already, and answered as the first time',
    labelNames: ['protocol'],
    registers,
  });

  const storage = createStorageTally(registers, clock);
  const recent = new RecentLatency();
  const delay = new LoopDelay();
  const setLevels = levelMetrics(registers);
  let readLevels: (() => HubLevels) | null = null;
  const count = { messages: 0, samples: 0, rejected: 0, failed: 0, limited: 0, repeated: 0 };

  function tallyOf(protocol: string): MessageTally {
    let tally = tallies.get(protocol);
    if (!tally) {
      tally = new MessageTally();
      tallies.set(protocol, tally);
    }
    return tally;
  }

  function countRejections(listed: readonly Rejection[], total: number): void {
    count.rejected += total;
    for (const { step, code } of listed) rejected.labels(step, code).inc();
    // Beyond the list only their number is known; the last one's kind is the likeliest.
    const last = listed.at(-1);
    if (last && total > listed.length) rejected.labels(last.step, last.code).inc(total - listed.length);
  }

  return {
    meter: {
      answered({ protocol, receivedAt }, { accepted, rejected: listed, rejectedCount }) {
        const elapsedMs = Math.max(0, clock() - receivedAt);
        tallyOf(protocol).add(elapsedMs, accepted);
        recent.add(elapsedMs);
        count.messages += 1;
        count.samples += accepted;
        if (rejectedCount > 0) countRejections(listed, rejectedCount);
      },
      failed({ protocol }, code) {
        count.failed += 1;
        failed.labels(protocol, code).inc();
      },
      limited({ protocol }, kind) {
        count.limited += 1;
        limited.labels(protocol, kind).inc();
      },
      heldBack: () => heldBack.inc(),
      repeated({ protocol }) {
        count.repeated += 1;
        repeated.labels(protocol).inc();
      },
    },
    storage,
    watch(read) {
      readLevels = read;
    },
    counts: () => ({ ...count, acknowledgeP50Ms: recent.percentile(0.5), acknowledgeP99Ms: recent.percentile(0.99) }),
    process() {
      const { p99Ms, maxMs } = delay.read();
      return { memoryBytes: process.memoryUsage.rss(), eventLoopDelayP99Ms: p99Ms, eventLoopDelayMaxMs: maxMs };
    },
    text() {
      if (readLevels) setLevels(readLevels());
      return registry.metrics();
    },
    contentType: registry.contentType,
    stop() {
      delay.stop();
      registry.clear();
    },
  };
}
