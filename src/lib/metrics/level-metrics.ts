import { Counter, Gauge, type Registry } from 'prom-client';
import { SPINE_STEPS } from '../ingest/step-counts.ts';
import { ALARM_METRICS } from './alarm-metrics.ts';
import { COMMAND_METRICS } from './command-metrics.ts';
import type { HubLevels } from './hub-figures.ts';
import type { LevelMetric } from './level-metric.ts';
import { MQTT_METRICS } from './mqtt-metrics.ts';
import { NOTIFICATION_METRICS } from './notification-metrics.ts';
import { PROVISIONING_METRICS } from './provisioning-metrics.ts';

const HUB_METRICS: readonly LevelMetric<HubLevels>[] = [
  { name: 'muster_ready', help: '1 while the hub takes all traffic, as /health/ready says', read: ({ problems }) => Number(problems.length === 0) },
  { name: 'muster_devices', help: 'Devices', read: ({ devices }) => devices },
  { name: 'muster_points', help: 'Points', read: ({ points }) => points },
  { name: 'muster_groups', help: 'Groups', read: ({ groups }) => groups },
  { name: 'muster_device_searches', help: 'Searches of devices under way', read: ({ searches }) => searches },
  { name: 'muster_devices_clock_wrong', help: 'Devices whose clocks are wrong', read: ({ clocksWrong }) => clocksWrong },
  { name: 'muster_connection_history_waiting', help: 'Connections that wait to be noted in the history', read: ({ history }) => history.waiting },
  {
    name: 'muster_connection_history_dropped_total',
    help: 'Beginnings of connections that are not in the history: too many waited',
    read: ({ history }) => history.dropped,
  },
  {
    name: 'muster_ingest_step_in_total',
    help: 'Messages that went into a step of the spine',
    label: 'step',
    read: ({ steps }) => SPINE_STEPS.map((step) => [step, steps[step].in] as const),
  },
  {
    name: 'muster_ingest_step_out_total',
    help: 'Messages that a step of the spine gave on to the next',
    label: 'step',
    read: ({ steps }) => SPINE_STEPS.map((step) => [step, steps[step].out] as const),
  },
  { name: 'muster_ingest_messages_waiting', help: 'Messages that wait for the disk', read: ({ messagesWaiting }) => messagesWaiting },
  { name: 'muster_ingest_waiting_bytes', help: 'Payloads of messages that wait for the disk', read: ({ bytesWaiting }) => bytesWaiting },
  { name: 'muster_ingest_pressing', help: '1 while senders are held back', read: ({ pressure }) => Number(pressure !== null) },
  { name: 'muster_ingest_pressed_total', help: 'Times that senders were held back', read: ({ pressureTimes }) => pressureTimes },
  { name: 'muster_ingest_pressed_seconds_total', help: 'How long senders were held back', read: ({ pressureHeldMs }) => pressureHeldMs / 1000 },
  { name: 'muster_commits_waiting', help: 'Units that wait for the writing thread', read: ({ commitsWaiting }) => commitsWaiting },
  {
    name: 'muster_commits_failing',
    help: '1 while nothing can be written: the disk fails, or the writing thread is not yet back',
    read: ({ commitsFailing }) => Number(commitsFailing),
  },
  { name: 'muster_commit_groups_failed_total', help: 'Groups that could not be written', read: ({ commitGroupsFailed }) => commitGroupsFailed },
  { name: 'muster_commit_thread_restarts_total', help: 'Starts of a writing thread that had ended', read: ({ commitThreadRestarts }) => commitThreadRestarts },
  {
    name: 'muster_damaged_entries',
    help: 'Damaged entries of the journal and the broker log that are set aside',
    read: ({ damagedEntries }) => damagedEntries,
  },
  { name: 'muster_damaged_files', help: 'Files of samples that are damaged and left out', read: ({ damagedFiles }) => damagedFiles },
  { name: 'muster_journal_bytes', help: 'Journal that is not yet in the sample store', read: ({ journalBytes }) => journalBytes },
  {
    name: 'muster_journal_entries_to_apply',
    help: 'Journal entries that are not yet in the sample store',
    read: ({ journalEntriesToApply }) => journalEntriesToApply,
  },
  { name: 'muster_sample_store_failed', help: '1 while the sample store takes nothing', read: ({ sampleStoreFailed }) => Number(sampleStoreFailed) },
  {
    name: 'muster_disk_free_bytes',
    help: 'Room on the disk of the data directory; no value while it is not known',
    read: ({ diskFreeBytes }) => diskFreeBytes,
  },
  { name: 'muster_disk_floor_bytes', help: 'With less room than this, writes are refused; 0: there is no floor', read: ({ diskFloorBytes }) => diskFloorBytes },
  { name: 'muster_disk_full', help: '1 while writes are refused for want of room', read: ({ diskFull }) => Number(diskFull) },
  { name: 'muster_http_connections', help: 'Open HTTP connections, without those that became WebSockets', read: ({ httpConnections }) => httpConnections },
  {
    name: 'muster_http_refused_connections_total',
    help: 'HTTP connections that were one too many: the new one was closed, or an idle one gave way',
    read: ({ httpRefused }) => httpRefused,
  },
  { name: 'muster_stream_subscribers', help: 'Subscribers of the live streams', read: ({ streamSubscribers }) => streamSubscribers },
  { name: 'muster_stream_dropped_samples_total', help: 'Samples dropped for slow subscribers', read: ({ streamDropped }) => streamDropped },
  { name: 'muster_events_recorded_total', help: 'Events that are on disk', read: ({ events }) => events.recorded },
  { name: 'muster_events_dropped_total', help: 'Events that were dropped before they were on disk', read: ({ events }) => events.dropped },
  { name: 'muster_events_waiting', help: 'Events that wait for the disk', read: ({ events }) => events.waiting },
  { name: 'muster_stream_dropped_events_total', help: 'Events dropped for slow subscribers', read: ({ events }) => events.streamDropped },
  {
    name: 'muster_limit_level',
    help: 'How far something is filled that has a limit, by the setting of the limit',
    label: 'setting',
    read: ({ limits }) => limits.map(({ setting, level }) => [setting, level] as const),
  },
  {
    name: 'muster_limit',
    help: 'The limits of muster_limit_level; those that are not set are missing',
    label: 'setting',
    read: ({ limits }) => limits.flatMap(({ setting, limit }) => (limit === null ? [] : [[setting, limit] as const])),
  },
];

/** Makes the metrics of the levels; the answer sets them, once for each scrape. */
export function levelMetrics(registers: Registry[]): (levels: HubLevels) => void {
  const setters = [
    ...HUB_METRICS.map((metric) => setter(metric, registers)),
    ...ALARM_METRICS.map((metric) => {
      const set = setter(metric, registers);
      return ({ alarms }: HubLevels) => set(alarms);
    }),
    ...NOTIFICATION_METRICS.map((metric) => {
      const set = setter(metric, registers);
      return ({ notifications }: HubLevels) => set(notifications);
    }),
    ...COMMAND_METRICS.map((metric) => {
      const set = setter(metric, registers);
      return ({ commands }: HubLevels) => set(commands);
    }),
    ...PROVISIONING_METRICS.map((metric) => {
      const set = setter(metric, registers);
      return ({ provisioning }: HubLevels) => set(provisioning);
    }),
    ...MQTT_METRICS.map((metric) => {
      const set = setter(metric, registers);
      return ({ mqtt }: HubLevels) => set(mqtt);
    }),
  ];
  return (levels) => {
    for (const set of setters) set(levels);
  };
}

function setter<Levels>({ name, help, label, read }: LevelMetric<Levels>, registers: Registry[]): (levels: Levels) => void {
  const options = { name, help, registers, labelNames: label === undefined ? [] : [label] };
  const metric = name.endsWith('_total') ? new Counter(options) : new Gauge(options);
  return (levels) => {
    metric.reset();
    const reading = read(levels);
    // A reset metric without labels says 0, which is something else than nothing.
    if (reading === null) metric.remove();
    else if (typeof reading === 'number') metric.inc(reading);
    else for (const [value, count] of reading) metric.inc({ [label ?? 'name']: value }, count);
  };
}
