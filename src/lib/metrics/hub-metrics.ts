import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Rejection } from '../ingest/ingest.ts';
import type { IngestMeter } from '../ingest/ingest-meter.ts';
import type { HubLevels, IngestCounts, ProcessLevels } from './hub-figures.ts';
import { MessageTally, showTallies } from './message-tally.ts';
import { RecentLatency } from './recent-latency.ts';

export interface HubMetrics {
  readonly meter: IngestMeter;
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
  const repeated = new Counter({
    name: 'muster_ingest_repeated_total',
    help: 'Messages that were known already, and answered as the first time',
    labelNames: ['protocol'],
    registers,
  });

  const recent = new RecentLatency();
  const delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const setLevels = levelGauges(registers);
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
      repeated({ protocol }) {
        count.repeated += 1;
        repeated.labels(protocol).inc();
      },
    },
    watch(read) {
      readLevels = read;
    },
    counts: () => ({ ...count, acknowledgeP50Ms: recent.percentile(0.5), acknowledgeP99Ms: recent.percentile(0.99) }),
    process: () => ({ memoryBytes: process.memoryUsage.rss(), eventLoopDelayP99Ms: Math.round(delay.percentile(99) / 1e4) / 100 }),
    text() {
      if (readLevels) setLevels(readLevels());
      return registry.metrics();
    },
    contentType: registry.contentType,
    stop() {
      delay.disable();
      registry.clear();
    },
  };
}

const LEVELS: readonly (readonly [name: string, help: string, read: (levels: HubLevels) => number])[] = [
  ['muster_devices', 'Devices', ({ devices }) => devices],
  ['muster_points', 'Points', ({ points }) => points],
  ['muster_ingest_messages_waiting', 'Messages that wait for the disk', ({ messagesWaiting }) => messagesWaiting],
  ['muster_commits_waiting', 'Units that wait for the writing thread', ({ commitsWaiting }) => commitsWaiting],
  ['muster_journal_bytes', 'Journal that is not yet in the sample store', ({ journalBytes }) => journalBytes],
  ['muster_journal_entries_to_apply', 'Journal entries that are not yet in the sample store', ({ journalEntriesToApply }) => journalEntriesToApply],
  ['muster_damaged_files', 'Files of samples that are damaged and left out', ({ damagedFiles }) => damagedFiles],
  ['muster_sample_store_failed', '1 while the sample store takes nothing', ({ sampleStoreFailed }) => Number(sampleStoreFailed)],
  ['muster_ingest_bytes_waiting', 'Payloads of messages that wait for the disk', ({ bytesWaiting }) => bytesWaiting],
  ['muster_ingest_pressing', '1 while senders are held back', ({ pressure }) => Number(pressure !== null)],
  ['muster_ingest_pressed_times', 'Times that senders were held back, since the start', ({ pressureTimes }) => pressureTimes],
  ['muster_ingest_pressed_seconds', 'How long senders were held back, since the start', ({ pressureHeldMs }) => pressureHeldMs / 1000],
  ['muster_disk_free_bytes', 'Room on the disk of the data directory; -1 when it is not known', ({ diskFreeBytes }) => diskFreeBytes ?? -1],
  ['muster_disk_full', '1 while writes are refused for want of room', ({ diskFull }) => Number(diskFull)],
  ['muster_http_connections', 'Open HTTP connections, without those that became WebSockets', ({ httpConnections }) => httpConnections],
  ['muster_http_refused_connections', 'HTTP connections refused because there were too many, since the start', ({ httpRefused }) => httpRefused],
  ['muster_stream_subscribers', 'Subscribers of the live stream', ({ streamSubscribers }) => streamSubscribers],
  ['muster_stream_dropped_samples', 'Samples dropped for slow subscribers since the start', ({ streamDropped }) => streamDropped],
];

/** Makes the gauges of the levels; the answer sets them, once for each scrape. */
function levelGauges(registers: Registry[]): (levels: HubLevels) => void {
  const gauges = LEVELS.map(([name, help, value]) => ({ gauge: new Gauge({ name, help, registers }), value }));
  const mqtt = new Gauge({ name: 'muster_mqtt', help: 'Levels of MQTT now, and its counts since the start, by name', labelNames: ['name'], registers });
  return (levels) => {
    for (const { gauge, value } of gauges) gauge.set(value(levels));
    for (const [name, value] of Object.entries(levels.mqtt)) mqtt.set({ name }, value);
  };
}
