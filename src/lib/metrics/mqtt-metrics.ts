import type { MqttFigures } from './hub-figures.ts';
import type { LevelMetric } from './level-metric.ts';

/** MQTT, as it names its figures, in Prometheus' names. */
export const MQTT_METRICS: readonly LevelMetric<MqttFigures>[] = [
  { name: 'muster_mqtt_connections', help: 'Open connections, also those without a CONNECT yet', read: ({ connections }) => connections },
  { name: 'muster_mqtt_half_open_connections', help: 'Connections without a CONNECT that was answered', read: ({ halfOpen }) => halfOpen },
  {
    name: 'muster_mqtt_waiting_connections',
    help: 'Connections that wait for their turn, see mqtt.connects-per-second-max',
    read: ({ waitingConnects }) => waitingConnects,
  },
  {
    name: 'muster_mqtt_connecting_connections',
    help: 'Connections that were let in, with a handshake or log-in under way, of the last two seconds',
    read: ({ connecting }) => connecting,
  },
  {
    name: 'muster_mqtt_sessions',
    help: 'Sessions, by whether their client is connected',
    label: 'client',
    read: ({ sessionsPresent, sessionsAbsent }) => [
      ['present', sessionsPresent],
      ['absent', sessionsAbsent],
    ],
  },
  {
    name: 'muster_mqtt_subscriptions',
    help: 'Subscriptions, shared ones apart',
    label: 'kind',
    read: ({ subscriptions, sharedSubscriptions }) => [
      ['plain', subscriptions - sharedSubscriptions],
      ['shared', sharedSubscriptions],
    ],
  },
  { name: 'muster_mqtt_retained_messages', help: 'Retained messages', read: ({ retained }) => retained },
  { name: 'muster_mqtt_retained_bytes', help: 'Retained messages, with their topics', read: ({ retainedBytes }) => retainedBytes },
  { name: 'muster_mqtt_wills', help: 'Last wills', read: ({ wills }) => wills },
  {
    name: 'muster_mqtt_queued_messages',
    help: 'Deliveries of QoS 1 and 2 that are not done; a message counts once for each client',
    read: ({ queuedMessages }) => queuedMessages,
  },
  { name: 'muster_mqtt_queued_bytes', help: 'Their messages; one counts once however many wait for it', read: ({ queuedBytes }) => queuedBytes },
  { name: 'muster_mqtt_in_flight_messages', help: 'Deliveries that were sent and are not acknowledged', read: ({ inFlight }) => inFlight },
  { name: 'muster_mqtt_held_messages', help: 'Messages of clients that wait for the disk', read: ({ held }) => held },
  { name: 'muster_mqtt_received_messages_total', help: 'Messages that clients published', read: ({ received }) => received },
  { name: 'muster_mqtt_reports_total', help: 'Those of them that were for ingest', read: ({ reports }) => reports },
  { name: 'muster_mqtt_acknowledged_messages_total', help: 'Messages of QoS 1 and 2 that were taken and answered', read: ({ acknowledged }) => acknowledged },
  { name: 'muster_mqtt_failed_messages_total', help: 'Messages and last wills that could not be stored', read: ({ failed }) => failed },
  { name: 'muster_mqtt_sent_messages_total', help: 'Messages sent to clients; one that is sent again counts again', read: ({ sent }) => sent },
  { name: 'muster_mqtt_refused_messages_total', help: 'Publishes, wills and subscriptions that a right was missing for', read: ({ refused }) => refused },
  {
    name: 'muster_mqtt_dropped_messages_total',
    help: 'Messages that clients did not get, by reason',
    label: 'reason',
    read: (mqtt) => [
      ['queue-full', mqtt.droppedQueueFull],
      ['slow', mqtt.droppedSlow],
      ['too-large', mqtt.droppedTooLarge],
      ['retained-full', mqtt.droppedRetained],
      ['no-member', mqtt.droppedShared],
    ],
  },
  {
    name: 'muster_mqtt_refused_connections_total',
    help: 'Connections that were refused, by reason',
    label: 'reason',
    read: (mqtt) => [
      ['log-in', mqtt.refusedLogIn],
      ['identifier', mqtt.refusedIdentifier],
      ['protocol', mqtt.refusedProtocol],
      ['full', mqtt.refusedFull],
      ['per-address', mqtt.refusedPerAddress],
      ['per-device', mqtt.refusedPerDevice],
      ['unavailable', mqtt.refusedUnavailable],
      ['half-open', mqtt.refusedHalfOpen],
    ],
  },
  {
    name: 'muster_mqtt_cut_connections_total',
    help: 'Connections that were cut, for what they sent or for their silence',
    label: 'reason',
    read: ({ violations, keepAliveTimeouts }) => [
      ['violation', violations],
      ['keep-alive', keepAliveTimeouts],
    ],
  },
  {
    name: 'muster_mqtt_accept_failures_total',
    help: 'Connections for which the operating system had no descriptor',
    read: ({ acceptFailures }) => acceptFailures,
  },
];
