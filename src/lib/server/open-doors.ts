import type { Access } from '../access/create-access.ts';
import { deviceRenderer } from '../api/rest/devices.ts';
import type { Settings } from '../config/settings.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { createDeviceSearch } from '../fleet/search/device-search.ts';
import { createHubMetrics } from '../metrics/hub-metrics.ts';
import { createScriptThread } from '../scripts/script-thread.ts';
import { createLiveStream } from '../stream/live-stream.ts';
import { createSubscriberSeats } from '../stream/subscriber-seats.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import { hubState } from './hub-state.ts';
import type { Address } from './listen-http.ts';
import { openAlarms } from './open-alarms.ts';
import { openClocks } from './open-clocks.ts';
import { openConfigurations } from './open-configurations.ts';
import { openControl } from './open-control.ts';
import { openEvents } from './open-events.ts';
import { openFleet } from './open-fleet.ts';
import { deviceRateLimits, type HttpDoor, openHttp } from './open-http.ts';
import { openIngest } from './open-ingest.ts';
import { openLifecycle } from './open-lifecycle.ts';
import { openMqtt } from './open-mqtt.ts';
import { openNotifications } from './open-notifications.ts';
import { openProvisioning } from './open-provisioning.ts';
import type { Storage } from './open-storage.ts';
import { openStreams } from './open-streams.ts';
import type { Shutdown } from './shutdown.ts';
import { stopHttp } from './stop-http.ts';
import { watchAccess } from './watch-access.ts';
import { serveWebSockets } from './web-sockets.ts';

/** How long requests under way may take once the hub stops. */
const HTTP_GRACE_MS = 2_000;

export interface Doors {
  readonly http: Address;
  readonly mqtt: Address | null;
  readonly mqtts: Address | null;
}

export interface DoorPorts {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly access: Access;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly temporaryFolder: string;
  readonly log: Log;
  readonly clock: () => number;
  readonly version: string;
  /** The project of what belongs to none, such as a log-in of somebody unknown. */
  readonly home: ProjectId;
  readonly shutdown: Shutdown;
}

/** The spine and all ways in and out, in the order in which they need one another. Resolves when they listen. */
export async function openDoors(ports: DoorPorts): Promise<Doors> {
  const { settings, storage, tls, temporaryFolder, log, clock, version, shutdown } = ports;
  const { directory, samples, system } = storage;
  const startedAt = clock();
  let stopping = false;
  const isStopping = () => stopping;

  const seats = createSubscriberSeats(settings['limits.stream-subscribers']);
  const stream = createLiveStream(directory, { queueMax: settings['limits.stream-queue'], queueBytesMax: settings['limits.stream-queue-bytes'], seats });
  const events = openEvents({ settings, storage, seats, version, home: ports.home, isStopping, clock, log, shutdown });
  const notifications = await openNotifications({ settings, storage, events, clock, log, shutdown });
  const access = watchAccess(ports.access, { events: events.access, system, directory });
  const metrics = createHubMetrics(version, clock);
  shutdown.defer('metrics', () => metrics.stop());
  const scripts = createScriptThread();
  shutdown.defer('scripts', () => scripts.stop());
  const asking = openControl({ settings, storage, events, clock, log });
  const { control, jobs } = asking;
  shutdown.defer('control', () => asking.stop());
  let supervision: HotSupervision | null = null as HotSupervision | null;
  const clocks = await openClocks({ settings, storage, events, log, shutdown });
  const ingest = await openIngest({
    settings,
    storage,
    stream,
    meter: metrics.meter,
    supervise(commit) {
      supervision = openAlarms({ settings, storage, events, notifier: notifications.notifier, control, commit, scripts, clock, log });
      return supervision.evaluator;
    },
    clocks,
    clock,
    log,
  });
  if (supervision === null) throw new Error('the spine has no alarm rules');
  const alarms: HotSupervision = supervision;
  shutdown.defer('alarms', () => alarms.stop());
  const { fleet, groups } = openFleet({ settings, storage, ingest, credentials: access.deviceCredentials, alarms, control, events, clock });
  const configurations = await openConfigurations({ settings, storage, events, control, clock, log, shutdown });
  const lifecycle = await openLifecycle({ settings, storage, ingest, events, clocks, configurations, clock, log, shutdown });
  const provisioning = await openProvisioning({ settings, storage, access, events, fleet, groups, clock, log, shutdown });
  const mqtt = await openMqtt({ settings, storage, access, ingest, alarms, provisioning, configurations, lifecycle, control, tls, clock, log });
  const listener = (name: string): Address | null => mqtt.listeners.find((each) => each.name === name) ?? null;

  const connections = () => http.connections;
  const search = createDeviceSearch({ directory, presence: storage.presence, clock, searchesMax: settings['limits.searches'] });
  const said = { events, alarms, notifications, control, jobs, provisioning, mqtt, search, lifecycle };
  const state = hubState({ settings, storage, ingest, ...said, stream, seats, connections, isStopping });
  metrics.watch(state.levels);
  metrics.storage.found(system.log.lastJournalId, samples.appliedJournalId);
  system.log.observe(metrics.storage.committed);
  storage.observe(metrics.storage);

  const render = deviceRenderer({ directory, presence: storage.presence, clock, rateLimits: deviceRateLimits(settings) });
  const http: HttpDoor = await openHttp({
    settings,
    storage,
    access,
    ingest,
    events,
    notifications,
    alarms,
    control,
    jobs,
    fleet,
    search,
    provisioning,
    groups,
    lifecycle,
    configurations,
    metrics,
    scripts,
    state,
    mqttUrl: () => (listener('mqtt') ?? listener('mqtts'))?.url ?? null,
    tls,
    temporaryFolder,
    clock,
    log,
    version,
    startedAt,
  });

  // Sources first, then what is under way, then the sinks: the steps run from the last to the first.
  shutdown.defer('mqtt', () => mqtt.stop());
  const sockets = serveWebSockets(http.server, {
    streams: openStreams({
      settings,
      access,
      directory,
      fleet,
      samples: stream,
      events: events.stream,
      devices: { search, render, latestKnown: storage.latestKnown, seats },
      clock,
    }),
    serveMqtt: settings['mqtt.port'] === null && settings['mqtts.port'] === null ? null : (socket, request) => mqtt.handleWebSocket(socket, request),
    packetBytesMax: settings['mqtt.packet-bytes-max'],
  });
  const graceMs = Math.min(HTTP_GRACE_MS, settings['stop-deadline-ms'] / 2);
  shutdown.defer('http', () => stopHttp(http, sockets, graceMs));
  shutdown.defer('ingest', async () => {
    stopping = true;
    // Who is held back is to hear that the hub is stopping.
    ingest.pressure.stop();
    await Promise.all([mqtt.drain(), ingest.pipeline.drain()]);
  });

  await asking.start();
  await alarms.start();
  control.use(mqtt.commands);
  await mqtt.start();
  const address = await http.listen();
  events.started();
  provisioning.start();
  return { http: address, mqtt: listener('mqtt'), mqtts: listener('mqtts') };
}
