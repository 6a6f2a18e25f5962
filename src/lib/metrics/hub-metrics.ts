import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Rejection } from '../ingest/ingest.ts';
import type { IngestMeter } from '../ingest/ingest-meter.ts';
import type { CommittedGroup } from '../storage/commit-log.ts';
import type { HubLevels, IngestCounts, ProcessLevels } from './hub-figures.ts';
import { MessageTally, showTallies } from './message-tally.ts';
import { RecentLatency } from './recent-latency.ts';

export interface HubMetrics {
  readonly meter: IngestMeter;
  /** One group of the commit log is on disk. */
  committed(group: CommittedGroup): void;
  /** From now on scrapes read the levels here. */
  watch(read: () => HubLevels): void;
  counts(): IngestCounts;
  process(): ProcessLevels;
  /** Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
  stop(): void;
}

/** Seconds: an fsync of a good disk takes 1 ms, of a poor one 50. */
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const GROUP_UNIT_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
const GROUP_BYTE_BUCKETS = [100, 1e3, 1e4, 1e5, 5e5, 1e6, 2e6, 4e6, 8e6];

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

  const commitSeconds = new Histogram({
    name: 'muster_commit_seconds',
    help: 'Of one group commit: the transaction with its fsync',
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const groupUnits = new Histogram({
    name: 'muster_commit_units',
    help: 'Units of one group commit: a unit is what many messages share, or one with statements',
    buckets: GROUP_UNIT_BUCKETS,
    registers,
  });
  const groupBytes = new Histogram({
    name: 'muster_commit_bytes',
    help: 'Samples, broker changes and marks of one group commit',
    buckets: GROUP_BYTE_BUCKETS,
    registers,
  });
  const brokerChanges = new Counter({
    name: 'muster_broker_changes_total',
    help: 'Changes of sessions, queued and retained messages: those committed (logged), and those that lasted and went into tables (stored)',
    labelNames: ['step'],
    registers,
  });
  const logged = brokerChanges.labels('logged');
  const stored = brokerChanges.labels('stored');

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
      heldBack: () => heldBack.inc(),
      repeated({ protocol }) {
        count.repeated += 1;
        repeated.labels(protocol).inc();
      },
    },
    committed({ units, bytes, changesLogged, changesStored, elapsedMs }) {
      commitSeconds.observe(elapsedMs / 1000);
      groupUnits.observe(units);
      groupBytes.observe(bytes);
      logged.inc(changesLogged);
      stored.inc(changesStored);
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
  [
    'muster_commits_failing',
    '1 while nothing can be written: the disk fails, or the writing thread is not yet back',
    ({ commitsFailing }) => Number(commitsFailing),
  ],
  ['muster_commit_groups_failed', 'Groups that could not be written since the start', ({ commitGroupsFailed }) => commitGroupsFailed],
  ['muster_commit_thread_restarts', 'Starts of a writing thread that had ended, since the start', ({ commitThreadRestarts }) => commitThreadRestarts],
  ['muster_damaged_entries', 'Damaged entries of the journal and the broker log that are set aside', ({ damagedEntries }) => damagedEntries],
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
