import type { Access } from '../access/create-access.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { ClockWatch } from '../lifecycle/clock-watch.ts';
import { createHubMetrics, type HubMetrics } from '../metrics/hub-metrics.ts';
import type { Notifications } from '../notifications/create-notifications.ts';
import { createScriptThread, type ScriptThread } from '../scripts/script-thread.ts';
import { createLiveStream, type LiveStream } from '../stream/live-stream.ts';
import { createSubscriberSeats, type SubscriberSeats } from '../stream/subscriber-seats.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import type { Foundation } from './foundation.ts';
import { openAlarms } from './open-alarms.ts';
import { openClocks } from './open-clocks.ts';
import { type ControlDoor, openControl } from './open-control.ts';
import { type EventsDoor, openEvents } from './open-events.ts';
import { type IngestDoor, openIngest } from './open-ingest.ts';
import { openNotifications } from './open-notifications.ts';
import { watchAccess } from './watch-access.ts';

/** The spine, and what goes along with every message: events, alarms, notifications, commands. */
export interface Core {
  readonly seats: SubscriberSeats;
  readonly stream: LiveStream;
  readonly events: EventsDoor;
  readonly notifications: Notifications;
  /** The journal is told of log-ins. */
  readonly access: Access;
  readonly metrics: HubMetrics;
  readonly scripts: ScriptThread;
  readonly asking: ControlDoor;
  readonly clocks: ClockWatch;
  readonly ingest: IngestDoor;
  readonly alarms: HotSupervision;
}

export interface CorePorts extends Foundation {
  readonly access: Access;
  readonly version: string;
  /** The project of what belongs to none, such as a log-in of somebody unknown. */
  readonly home: ProjectId;
  readonly isStopping: () => boolean;
}

/** Opened in the order in which they need one another. Commands and alarms are started by the owner, once there is somebody to tell. */
export async function openCore(ports: CorePorts): Promise<Core> {
  const { settings, storage, clock, shutdown, version } = ports;
  const { directory, system } = storage;
  const seats = createSubscriberSeats(settings['limits.stream-subscribers']);
  const stream = createLiveStream(directory, { queueMax: settings['limits.stream-queue'], queueBytesMax: settings['limits.stream-queue-bytes'], seats });
  const events = openEvents({ ...ports, seats });
  const notifications = await openNotifications({ ...ports, events });
  const access = watchAccess(ports.access, { events: events.access, system, directory });
  const metrics = createHubMetrics(version, clock);
  shutdown.defer('metrics', () => metrics.stop());
  const scripts = createScriptThread();
  shutdown.defer('scripts', () => scripts.stop());
  const asking = openControl({ ...ports, events, seats });
  shutdown.defer('control', () => asking.stop());
  const clocks = await openClocks({ ...ports, events });
  // Alarm rules need what writes in order with messages, and the spine asks the rules.
  let alarms: HotSupervision | null = null as HotSupervision | null;
  const ingest = await openIngest({
    ...ports,
    stream,
    meter: metrics.meter,
    supervise(commit) {
      alarms = openAlarms({ ...ports, events, notifier: notifications.notifier, control: asking.control, commit, scripts });
      return alarms.evaluator;
    },
    clocks,
  });
  if (alarms === null) throw new Error('the spine has no alarm rules');
  const supervision: HotSupervision = alarms;
  shutdown.defer('alarms', () => supervision.stop());
  return { seats, stream, events, notifications, access, metrics, scripts, asking, clocks, ingest, alarms: supervision };
}
