import { formatAge } from '../domain/duration.ts';
import type { RatedStatus } from './status-columns.ts';
import type { TableStyle } from './table.ts';
import { printable, wrapText } from './text-width.ts';

/** From this share of a limit on, it is worth saying. */
const NEAR = 0.8;
const LABEL = 13;

/** A status for a person, by what one asks: is it well, what comes in, what waits, what becomes of it, who is there? */
export function statusView(status: RatedStatus, style: TableStyle): string {
  const { version, time, startedAt } = status;
  const warnings = warningsOf(status);
  const health = status.ready ? (warnings.length === 0 ? 'ready' : 'ready, but') : 'not ready';
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['hub', [`Muster ${printable(version)}, up ${formatAge(time - startedAt)}, at ${new Date(time).toISOString()}`]],
    ['health', [coloured(health, style, status.ready ? (warnings.length === 0 ? 32 : 33) : 31), ...[...status.problems, ...warnings].map(printable)]],
    ['coming in', comingIn(status)],
    ['waiting', waiting(status)],
    ['storage', storage(status)],
    ['connections', connections(status)],
    ['fleet', [`devices: ${count(status.fleet.devices)}, points: ${count(status.fleet.points)}`]],
    ['alarms', alarmLines(status)],
    ['notified', notificationLines(status)],
    ['commands', commandLines(status)],
    ['process', [processLine(status)]],
  ];
  return sections.map(([label, lines]) => section(label, lines, style)).join('');
}

/** What still works, and wants to be looked at. */
function warningsOf({ ingest, storage, alarms, notifications, limits, time }: RatedStatus): string[] {
  const { damagedFiles, damagedEntries, compaction, retention } = storage;
  return [
    ...(ingest.pressure === null ? [] : [`senders are held back for ${formatAge(time - ingest.pressure.since)}: ${ingest.pressure.reason}`]),
    ...(damagedFiles === 0 ? [] : [`files of samples that are damaged: ${count(damagedFiles)}; \`muster storage show\` names them`]),
    ...(damagedEntries === 0 ? [] : [`damaged entries of the journal that are set aside: ${count(damagedEntries)}; the log of the hub names them`]),
    ...(compaction.lastError === null ? [] : [`samples could not be moved to files: ${compaction.lastError}`]),
    ...(alarms.rulesFailing === 0 ? [] : [`alarm rules that cannot be read: ${count(alarms.rulesFailing)}; \`muster rule list\` names them`]),
    ...(alarms.dropped.alarms === 0 ? [] : [`alarms that were not kept, because too many are live: ${count(alarms.dropped.alarms)}`]),
    ...(notifications.failing === 0
      ? []
      : [`channels that cannot be reached: ${count(notifications.failing)}; \`muster delivery list --state waiting\` says why`]),
    ...(retention.lastError === null ? [] : [`what is too old could not be deleted: ${retention.lastError}`]),
    ...limits.flatMap(({ setting, level, limit }) =>
      limit !== null && limit > 0 && level >= NEAR * limit
        ? [`${setting} is ${Math.floor((100 * level) / limit)} % used: ${count(level)} of ${count(limit)}`]
        : [],
    ),
  ];
}

function comingIn({ rates, ingest }: RatedStatus): string[] {
  const latency =
    ingest.acknowledgeP50Ms === null || ingest.acknowledgeP99Ms === null
      ? 'no message yet'
      : `acknowledged in ${count(ingest.acknowledgeP50Ms)} ms (half of them), ${count(ingest.acknowledgeP99Ms)} ms (99 %)`;
  return [
    `${count(rates.samples)} samples/s in ${count(rates.messages)} messages/s`,
    latency,
    `a second: ${count(rates.rejected)} rejected, ${count(rates.limited)} too fast, ${count(rates.failed)} failed, ${count(rates.repeated)} repeated`,
  ];
}

function waiting(status: RatedStatus): string[] {
  const { ingest, storage } = status;
  return [
    `for the disk: ${count(ingest.waiting)}${ofLimit(status, 'limits.commit-queue', count)} messages, ${bytesText(ingest.bytesWaiting)}${ofLimit(status, 'limits.bytes-waiting', bytesText)}`,
    `for the sample store: ${bytesText(storage.journalBytes)}${ofLimit(status, 'limits.journal-bytes', bytesText)}, ${(storage.applyLagMs / 1000).toFixed(1)} s behind`,
  ];
}

function storage({ storage: { diskFreeBytes, diskFloorBytes, compaction, retention }, rates, time }: RatedStatus): string[] {
  const commit = rates.commitMs === null ? '' : ` of ${count(rates.samplesPerCommit ?? 0)} samples and ${count(rates.commitMs)} ms each`;
  const apply = rates.applyMs === null ? '' : `, ${count(rates.applyMs)} ms at a time`;
  const room = diskFreeBytes === null ? 'free room not known' : `${bytesText(diskFreeBytes)} free`;
  const floor = diskFloorBytes === 0 ? '' : `, writes are refused below ${bytesText(diskFloorBytes)}`;
  const looked = compaction.lastAt === null ? '' : `, looked ${formatAge(time - compaction.lastAt)} ago`;
  return [
    `to disk: ${count(rates.commits)} commits/s${commit}`,
    `to the sample store: ${count(rates.applied)} samples/s${apply}`,
    `to files since the start: ${count(compaction.samples)} samples, ${count(compaction.filesWritten)} files, ${bytesText(compaction.bytesWritten)}${looked}`,
    ...(retention.samples === 0 ? [] : [`deleted as too old: ${count(retention.samples)} samples since the start`]),
    `disk: ${room}${floor}`,
  ];
}

function connections(status: RatedStatus): string[] {
  const { mqtt, http, stream, rates } = status;
  return [
    `MQTT: ${count(mqtt.connections)}${ofLimit(status, 'mqtt.connections-max', count)}, ${count(rates.mqttRefusedConnections)} refused/s; sessions of absent clients: ${count(mqtt.sessionsAbsent)}`,
    `MQTT messages a second: ${count(rates.mqttReceived)} in, ${count(rates.mqttSent)} out, ${count(rates.mqttDropped)} dropped, ${count(rates.mqttRefused)} not allowed`,
    `MQTT messages kept: ${count(mqtt.queuedMessages)} for clients (${bytesText(mqtt.queuedBytes)}), ${count(mqtt.retained)} retained (${bytesText(mqtt.retainedBytes)})`,
    `HTTP: ${count(http.connections)}${ofLimit(status, 'http.connections-max', count)}; stream: ${count(stream.subscribers)}${ofLimit(status, 'limits.stream-subscribers', count)}`,
  ];
}

function alarmLines({ alarms }: RatedStatus): string[] {
  const { rules, pointsWatched, alarmsLive, alarmsActive, alarmsUnacked, evaluations, timers } = alarms;
  return [
    `live: ${count(alarmsLive)}, active: ${count(alarmsActive)}, not acknowledged: ${count(alarmsUnacked)}`,
    `rules: ${count(rules)}, points watched: ${count(pointsWatched)}, not quiet: ${count(evaluations)}, timers: ${count(timers)}`,
  ];
}

function notificationLines({ notifications }: RatedStatus): string[] {
  const { waiting, inFlight, channels, failing, delivered, failed, dropped } = notifications;
  return [
    `alarm changes that wait to be told: ${count(waiting)}, notifications on their way: ${count(inFlight)}`,
    `since the start: ${count(delivered)} delivered, ${count(failed)} given up, ${count(dropped)} dropped; channels: ${count(channels)}, failing: ${count(failing)}`,
  ];
}

function commandLines({ commands }: RatedStatus): string[] {
  const { open, jobs, created, applied, rejected, expired, cancelled } = commands;
  return [
    `not settled: ${count(open)}, jobs: ${count(jobs)}`,
    `since the start: ${count(created)} asked, ${count(applied)} applied, ${count(rejected)} rejected, ${count(expired)} expired, ${count(cancelled)} cancelled`,
  ];
}

function processLine({ process: { memoryBytes, eventLoopDelayP99Ms, eventLoopDelayMaxMs } }: RatedStatus): string {
  return `${bytesText(memoryBytes)} of memory; event loop late by ${count(eventLoopDelayP99Ms)} ms, ${count(eventLoopDelayMaxMs)} ms at most`;
}

function ofLimit({ limits }: RatedStatus, setting: string, text: (value: number) => string): string {
  const limit = limits.find((each) => each.setting === setting)?.limit;
  return limit === null || limit === undefined ? '' : ` of ${text(limit)}`;
}

function section(label: string, lines: readonly string[], { width, colour }: TableStyle): string {
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(30, width - LABEL - 2);
  const wrapped = lines.flatMap((line) => {
    const parts = wrapText(line, room);
    return parts.map((part, index) => (index === 0 ? part : `  ${part}`));
  });
  const name = label.padEnd(LABEL);
  return wrapped.map((line, index) => `${index > 0 ? ' '.repeat(LABEL) : colour ? `\u001b[1m${name}\u001b[22m` : name}${line}\n`).join('');
}

function coloured(text: string, { colour }: TableStyle, code: number): string {
  return colour ? `\u001b[${code}m${text}\u001b[39m` : text;
}

/** With separators; fractions where they say something. */
function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Three digits: 1.23 MB. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}
