import { z } from 'zod';
import { PROVISIONING_DECISIONS } from '../domain/provisioning.ts';
import { isTarget } from './targets.ts';

/**
 * The hub's settings: one entry gives the type, the default, the text of the reference, the name in the file
 * (`mqtt.port` is `port` below `mqtt:`) and the environment (`MUSTER_MQTT_PORT`). Precedence: flag, environment, file, default.
 */
export interface SettingDefinition<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly default: z.output<Schema>;
  readonly summary: string;
  /** The flag of `muster serve` that sets it. */
  readonly flag?: string;
  /** What the flag takes, for its help: `file`. */
  readonly placeholder?: string;
  /** Never printed. */
  readonly secret?: boolean;
}

function setting<Schema extends z.ZodType>(
  schema: Schema,
  fallback: z.output<Schema>,
  summary: string,
  more: Pick<SettingDefinition, 'flag' | 'placeholder' | 'secret'> = {},
): SettingDefinition<Schema> {
  return { schema, default: fallback, summary, ...more };
}

const port = z.number().int().min(0).max(65_535);
const optionalPort = port.nullable();
const path = z.string().min(1).nullable();
const count = z.number().int().min(1);
const rate = count.nullable();
const milliseconds = z.number().int().min(0);
const target = z.string().refine(isTarget, 'must be public, private, loopback, link-local, or a network such as 10.1.0.0/16');

export const SETTINGS = {
  data: setting(path, null, 'Data directory; without it $XDG_DATA_HOME/muster (or ~/.local/share/muster)', { flag: 'data', placeholder: 'directory' }),
  ephemeral: setting(z.boolean(), false, 'Keep everything in a temporary directory that is removed at the end', { flag: 'ephemeral' }),
  host: setting(z.string().min(1), '127.0.0.1', 'Address to listen on', { flag: 'host', placeholder: 'address' }),
  'allow-insecure': setting(z.boolean(), false, 'Listen on a public address without TLS', { flag: 'allow-insecure' }),
  'http.port': setting(port, 8080, 'Port of the API, the stream and MQTT over WebSocket; 0 takes a free one', { flag: 'http' }),
  'http.connections-max': setting(count, 10_000, 'Open HTTP connections, those that became WebSockets not counted'),
  'http.connections-per-address-max': setting(count.nullable(), 1_000, 'The same from one network address; null is no limit'),
  'http.bodies-bytes-max': setting(count, 134_217_728, 'Bodies of requests that are being received, small ones not counted; beyond it large ones wait'),
  'http.headers-timeout-ms': setting(count, 20_000, 'Time from the first byte of a request to the end of its headers'),
  'http.request-timeout-ms': setting(count, 120_000, 'Time from the first byte of a request to the end of its body'),
  'http.stall-timeout-ms': setting(count, 60_000, 'A client that takes next to nothing of an export for so long is cut'),
  'mqtt.port': setting(optionalPort, 1883, 'Port of MQTT; 0 takes a free one, null (or off in a flag) turns it off', { flag: 'mqtt' }),
  'mqtts.port': setting(optionalPort, null, 'Port of MQTT over TLS; 0 takes a free one, null (or off in a flag) turns it off', { flag: 'mqtts' }),
  'tls.cert': setting(path, null, 'PEM file with the certificate chain, for HTTPS and MQTT over TLS', { flag: 'tls-cert', placeholder: 'file' }),
  'tls.key': setting(path, null, 'PEM file with the private key', { flag: 'tls-key', placeholder: 'file' }),
  'tls.client-certificates': setting(z.boolean(), true, 'Ask clients for a certificate, with which devices may log in; nobody has to have one'),
  'log.level': setting(z.enum(['debug', 'info', 'warn', 'error', 'silent']), 'info', 'Least level that is logged', { flag: 'log-level' }),
  'log.format': setting(z.enum(['text', 'json']), 'text', 'Form of a log line on stderr', { flag: 'log-format' }),
  'ready-file': setting(path, null, 'File to write, as JSON with the real ports and an admin token, once traffic is accepted', {
    flag: 'ready-file',
    placeholder: 'file',
  }),
  'pid-file': setting(path, null, 'File for the process id; without it hub.pid in the data directory', { flag: 'pid-file', placeholder: 'file' }),
  'stop-deadline-ms': setting(milliseconds, 10_000, 'Longest orderly stop; after it the hub ends with an error'),

  'mqtt.open': setting(z.boolean(), false, 'Any client, any topic, no credentials. On loopback only, for conformance suites and experiments', {
    flag: 'mqtt-open',
  }),
  'mqtt.refuse-subscriptions': setting(z.array(z.string().min(1)), [], 'Topic filters whose subscription is refused to everybody'),
  'mqtt.keep-alive-max-seconds': setting(
    z.number().int().min(0).max(65_535),
    0,
    'Longest keep-alive: MQTT 5 clients are told it, older ones with a longer or no keep-alive are refused; 0 is no limit',
  ),
  'mqtt.connect-timeout-ms': setting(count, 10_000, 'Time from the connection to its CONNECT'),
  'mqtt.idle-write-timeout-ms': setting(milliseconds, 60_000, 'A subscriber that takes nothing for so long is cut; 0 waits for ever'),
  'mqtt.receive-maximum': setting(
    z.number().int().min(1).max(65_535),
    100,
    'In-flight window: QoS 1 and 2 messages of one client that wait for their acknowledgement',
  ),
  'mqtt.session-expiry-max-seconds': setting(z.number().int().min(0), 7 * 86_400, 'Longest session expiry of an MQTT 5 client; 0 is no limit'),
  'mqtt.sessions-max': setting(count, 100_000, 'Sessions kept for absent clients'),
  'mqtt.topic-alias-max': setting(z.number().int().min(0).max(65_535), 16, 'Topic aliases of an MQTT 5 client, in each direction; 0 turns them off'),
  'mqtt.packet-bytes-max': setting(count.max(268_435_460), 1_048_576, 'Largest MQTT packet; a connection that announces more is cut before it is read'),
  'mqtt.topic-levels-max': setting(count.max(100), 16, 'Levels of a topic'),
  'mqtt.client-id-bytes-max': setting(count.max(65_535), 256, 'Longest client identifier'),
  'mqtt.connections-max': setting(count, 50_000, 'Open MQTT connections; less if the limit of open files of the operating system allows fewer'),
  'mqtt.connections-per-address-max': setting(count, 10_000, 'Open MQTT connections from one address; beyond it CONNECT is refused'),
  'mqtt.connections-per-claim-max': setting(count, 1_000, 'Open MQTT connections of devices that come with the same claim; one stays ten minutes at most'),
  'mqtt.connections-per-device-max': setting(
    count,
    16,
    'Open MQTT connections of one device, with different client identifiers; beyond it CONNECT is refused. So many sessions of it are kept while their clients are absent; beyond it the oldest goes',
  ),
  'mqtt.connects-per-second-max': setting(
    z.number().int().min(0),
    1_000,
    'MQTT connections let in per second; others wait their turn, addresses one after the other; 0 is no limit',
  ),
  'mqtt.half-open-max': setting(count, 10_000, 'MQTT connections without a CONNECT yet; beyond it the oldest is cut'),
  'mqtt.subscriptions-max': setting(count, 1_000, 'Topic filters of one MQTT client'),
  'mqtt.subscription-bytes-max': setting(count, 1_048_576, 'Their size'),
  'mqtt.session-messages-max': setting(count, 1_000, 'Messages that wait for one client, absent or slow; beyond it they are dropped with a count'),
  'mqtt.session-bytes-max': setting(count, 16_777_216, 'Their size'),
  'mqtt.queued-bytes-max': setting(count, 268_435_456, 'Size of the messages that wait for all MQTT clients together; beyond it they are dropped with a count'),
  'mqtt.restart-will-grace-seconds': setting(
    z.number().int().min(0),
    60,
    'Time that clients get to come back after a restart of the hub before their last wills are sent',
  ),
  'mqtt.retained-messages-max': setting(count, 100_000, 'Retained messages; beyond it new ones are dropped with a count'),
  'mqtt.retained-bytes-max': setting(count, 268_435_456, 'Their size'),
  'mqtt.write-buffer-bytes-max': setting(
    count,
    1_048_576,
    'Bytes on their way to one slow client; beyond it QoS 0 messages to it are dropped with a count and nothing more is read from it',
  ),

  'limits.payload-bytes-max': setting(count, 1_048_576, 'Largest HTTP body and MQTT payload'),
  'limits.readings-per-message': setting(count, 10_000, 'Values in one message'),
  'limits.points-per-device': setting(count, 10_000, 'Points of one device'),
  'limits.points-per-project': setting(count, 5_000_000, 'Points of one project'),
  'limits.devices-per-project': setting(count, 2_000_000, 'Devices of one project'),
  'limits.groups-per-project': setting(count, 100_000, 'Groups of one project'),
  'limits.group-selectors-per-project': setting(count, 100, 'Groups of one project whose selector no value finds, so that it is tried on each device'),
  'limits.rules-per-project': setting(count, 10_000, 'Alarm rules of one project'),
  'limits.maintenances-per-project': setting(count, 1_000, 'Maintenance windows of one project, those of the last 30 days included'),
  'limits.alarms-live-per-project': setting(count, 100_000, 'Live alarms of one project; beyond it new ones are dropped with a count'),
  'limits.evaluations': setting(count, 2_000_000, 'Rules on points, devices and groups that are not quiet; beyond it they are not evaluated, with a count'),
  'limits.late-evaluations': setting(count, 10_000, 'Rules on points and devices that late data are evaluated for; beyond it they are only stored'),
  'limits.scripts-waiting': setting(count, 1_000, 'Samples that scripts of rules have not answered for; beyond it they see no more of them'),
  'limits.alarm-events-waiting': setting(
    count,
    200_000,
    'Events of alarms that wait for a disk that takes nothing; beyond it the oldest are dropped with a count',
  ),
  'limits.alarm-history-samples': setting(count, 5_000_000, 'Stored samples that a rule is shown when it starts; beyond it its windows fill with what comes'),
  'limits.claims-per-project': setting(count, 1_000, 'Claims of one project, ended ones included'),
  'limits.claim-requests-per-second': setting(count, 500, 'Devices that ask with one claim, per second; beyond it they are refused with `rate_limited`'),
  'limits.devices-held-per-project': setting(count, 10_000, 'Devices of one project that wait to be approved; beyond it claims that would be held are refused'),
  'limits.provisioning-rules-per-project': setting(count, 200, 'Provisioning rules of one project'),
  'limits.value-bytes-max': setting(count, 65_536, 'Longest text or JSON value'),
  'limits.commands-open-per-device': setting(count, 1_000, 'Commands of one device that are not settled; beyond it more are refused'),
  'limits.commands-open-per-project': setting(count, 500_000, 'The same of one project'),
  'limits.command-bytes-max': setting(count, 262_144, 'Largest value of one command: of a set, the arguments of a call, a configuration document'),
  'limits.command-bytes-open': setting(count, 268_435_456, 'Values of all commands that are not settled, of all projects together; beyond it more are refused'),
  'limits.commands-kept': setting(count, 5_000_000, 'Commands kept, of all projects together; beyond it the oldest that are settled go'),
  'limits.jobs-open-per-project': setting(count, 100, 'Jobs of one project that are not over; beyond it more are refused'),
  'limits.job-concurrency': setting(count, 10_000, 'Devices that one job asks at a time, at most'),
  'limits.channels-per-project': setting(count, 100, 'Notification channels of one project'),
  'limits.routes-per-project': setting(count, 200, 'Notification routes of one project'),
  'limits.rejects-kept': setting(count, 100, 'Rejected messages kept for each device'),
  'limits.commit-queue': setting(count, 20_000, 'Messages that wait for the disk; beyond it the hub refuses with `overloaded`'),
  'limits.bytes-waiting': setting(count, 134_217_728, 'Payloads of messages that wait for the disk; beyond it the hub refuses with `overloaded`'),
  'limits.stream-queue': setting(count, 10_000, 'Samples or events that wait for one stream subscriber; beyond it they are dropped and a gap is reported'),
  'limits.stream-queue-bytes': setting(count, 8_388_608, 'Their size, about'),
  'limits.stream-stall-ms': setting(count, 60_000, 'A stream subscriber that takes nothing for so long is cut'),
  'limits.stream-subscribers': setting(count, 1_000, 'Stream subscribers, of samples and events together'),
  'limits.events-waiting': setting(count, 50_000, 'Events that wait for the disk; beyond it new ones are dropped with a count'),
  'limits.events-kept': setting(count, 5_000_000, 'Events kept, of all projects together; beyond it the oldest go'),
  'limits.device-batches': setting(count, 8, 'Batches of devices that are written or wait for it; beyond it more are refused with `overloaded`'),
  'limits.config-versions-kept': setting(count, 50, 'Versions of the configuration document kept for each device'),
  'limits.connections-kept': setting(count, 50, 'Connections of each device that its history keeps'),
  'limits.exports': setting(count, 16, 'Exports that are sent at once; beyond it more are refused with `overloaded`'),
  'limits.backtests': setting(count, 2, 'Back-tests of rules that run at once; beyond it more are refused with `overloaded`'),
  'limits.searches': setting(count, 16, 'Searches of devices that run at once; beyond it more are refused with `overloaded`'),
  'limits.journal-bytes': setting(count, 1_073_741_824, 'Journal that waits for the sample store; beyond it the hub refuses writes'),
  'limits.messages-per-second-per-device': setting(rate, 20_000, 'Messages/s about one device, sent by devices; null is no limit'),
  'limits.points-per-second-per-device': setting(rate, 200_000, 'Values/s of one device, sent by devices; null is no limit'),
  'limits.messages-per-second-per-project': setting(rate, null, 'Messages/s of all devices and applications of one project; null is no limit'),
  'limits.points-per-second-per-project': setting(rate, null, 'Their values/s; null is no limit'),
  'limits.rate-burst-seconds': setting(count.max(3600), 10, 'So many seconds of a rate may come at once'),

  'ingest.earliest-time': setting(z.iso.datetime(), '2000-01-01T00:00:00Z', 'Older times are rejected: a clock that was never set'),
  'ingest.future-max-ms': setting(milliseconds, 86_400_000, 'Times further ahead of the hub are rejected'),
  'ingest.push-back-max-ms': setting(
    count,
    10_000,
    'Longest time that senders are held back at a stretch while the hub cannot follow; then they are read again, and refused once there is no room',
  ),
  'ingest.late-after-ms': setting(milliseconds, 600_000, 'Samples older than this on arrival are flagged late'),
  'alarms.shelve-max-ms': setting(count, 604_800_000, 'An alarm may be shelved for so long'),
  'storage.free-disk-bytes-min': setting(
    z.number().int().min(0).nullable(),
    null,
    'With less room on the disk of the data directory writes are refused with `disk_full`; null is 256 MiB, or a tenth of a smaller disk; 0 is no limit',
  ),
  'ingest.repeat-window-ms': setting(
    milliseconds,
    600_000,
    'For so long, but for at most a million messages, the hub knows a message again that its sender repeats; 0 turns it off',
  ),
  'storage.apply-interval-ms': setting(count, 250, 'Time between two appends to the sample store'),
  'storage.journal-kept-bytes': setting(
    z.number().int().min(0),
    134_217_728,
    'Of the journal, so much stays although it is in the sample store: a damaged hot table is built from it again',
  ),
  'storage.memory-bytes': setting(count, 1_073_741_824, 'Memory that the sample store may take'),
  'storage.hot-hours': setting(z.number().int().min(24), 26, 'Whole UTC days older than this move from the hot table to Parquet files'),
  'storage.hot-samples-max': setting(count, 50_000_000, 'With more samples in the hot table, younger hours move too'),
  'storage.compact-interval-ms': setting(count, 600_000, 'Time between two looks at what can move to Parquet files'),
  'storage.retention-days': setting(count.nullable(), null, 'Samples older than this are deleted; null keeps them for ever'),

  'events.kept-days': setting(count, 90, 'Events older than this are deleted'),
  'clocks.wrong-after-ms': setting(count.nullable(), 120_000, 'A clock of a device is wrong when it is ahead or behind by more; null: none is ever told of'),
  'connections.kept-days': setting(count, 90, 'Connections of devices that ended longer ago are forgotten'),
  'alarms.kept-days': setting(count, 400, 'Alarms that were closed longer ago are deleted'),

  'control.expiry-default-ms': setting(count, 86_400_000, 'So long a command waits for its device and its answer, unless who asks says otherwise'),
  'control.expiry-max-ms': setting(count, 31_622_400_000, 'So long it may wait'),
  'control.kept-days': setting(count, 90, 'Commands that were settled longer ago are deleted'),

  'notifications.targets': setting(
    z.array(target).nullable(),
    null,
    'Where channels may connect to: public, private, loopback, link-local, and networks such as 10.1.0.0/16; null is public and private, and loopback while host is a loopback address. Metadata services of clouds are reached by a network that holds them alone',
  ),
  'notifications.give-up-after-ms': setting(count, 86_400_000, 'A notification that cannot be delivered is tried again for so long'),
  'notifications.waiting-max': setting(count, 100_000, 'Alarm changes of one project that wait to be told; beyond it they are dropped with a count'),
  'notifications.kept-days': setting(count, 30, 'The log of deliveries goes back so far'),

  'provisioning.default': setting(z.enum(PROVISIONING_DECISIONS), 'accept', 'What becomes of a device that comes with a claim when no provisioning rule holds'),

  'access.failures-per-account': setting(count, 10, 'Wrong passwords or tokens in the window before an account is locked'),
  'access.failures-per-address': setting(count, 100, 'The same for one network address'),
  'access.failure-window-ms': setting(count, 900_000, 'The window, and how long the lock holds'),
  'ca.passphrase': setting(
    z.string().min(8).nullable(),
    null,
    'Encrypts the keys of certificate authorities on disk; without it they are as safe as the data directory',
    {
      secret: true,
    },
  ),
  'ca.certificate-days': setting(count, 365, 'Validity of a certificate for which nothing else is asked'),
  'ca.certificate-days-max': setting(count.max(36_500), 3_650, 'Longest validity that can be asked for'),

  'access.session-days': setting(count.max(366), 30, 'Validity of a log-in'),
  'access.expiry-warning-days': setting(count.max(366), 14, 'So long before the token of a device expires the journal of events says so'),
  'access.device-token-days': setting(
    count.max(3_660).nullable(),
    null,
    'Validity of the token of a device that nobody gave another; null is until it is removed',
  ),
} as const satisfies Record<string, SettingDefinition>;

export type SettingName = keyof typeof SETTINGS;
/** The settings in force. */
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> };

/** `mqtt.packet-bytes-max` is `MUSTER_MQTT_PACKET_BYTES_MAX` in the environment. */
export function environmentName(name: SettingName): string {
  return `MUSTER_${name.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}

export function defaultSettings(): Settings {
  return Object.fromEntries(Object.entries(SETTINGS).map(([name, definition]) => [name, definition.default])) as Settings;
}
