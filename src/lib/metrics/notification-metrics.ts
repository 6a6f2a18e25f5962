import type { NotificationFigures } from './hub-figures.ts';
import type { LevelMetric } from './level-metric.ts';

/** Who is told of alarms. */
export const NOTIFICATION_METRICS: readonly LevelMetric<NotificationFigures>[] = [
  { name: 'muster_notification_changes_waiting', help: 'Alarm changes that wait to be told', read: ({ waiting }) => waiting },
  { name: 'muster_notifications_in_flight', help: 'Notifications that are being sent', read: ({ inFlight }) => inFlight },
  { name: 'muster_channels_failing', help: 'Channels whose last attempt failed', read: ({ failing }) => failing },
  { name: 'muster_notification_retries_total', help: 'Attempts that failed and are repeated', read: ({ retried }) => retried },
  {
    name: 'muster_notification_changes_total',
    help: 'Alarm changes that wait no more, by what became of them',
    label: 'state',
    read: ({ delivered, failed, dropped }) => [
      ['delivered', delivered],
      ['failed', failed],
      ['dropped', dropped],
    ],
  },
];
