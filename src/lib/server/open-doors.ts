import type { IncomingMessage, Server } from 'node:http';
import { authorize } from '../access/authorize.ts';
import type { Access } from '../access/create-access.ts';
import type { Principal } from '../access/principal.ts';
import type { Action } from '../access/roles.ts';
import { createApiServer } from '../api/api-server.ts';
import { authenticate } from '../api/authentication.ts';
import { subscribeToEvents } from '../api/event-feed.ts';
import { createExportPlaces } from '../api/export-places.ts';
import { allRoutes } from '../api/routes.ts';
import { subscribeToSamples } from '../api/sample-feed.ts';
import { createSampleReader } from '../api/sample-reader.ts';
import { type Feed, serveSubscriber } from '../api/stream-socket.ts';
import { createBacktests } from '../backtest/create-backtests.ts';
import type { Settings } from '../config/settings.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { createFleet } from '../fleet/fleet.ts';
import type { PressureState } from '../ingest/pressure.ts';
import type { HubLevels } from '../metrics/hub-figures.ts';
import { createHubMetrics } from '../metrics/hub-metrics.ts';
import { PROTOCOLS } from '../protocols/registry.ts';
import { createScriptThread } from '../scripts/script-thread.ts';
import { createLiveStream } from '../stream/live-stream.ts';
import { createSubscriberSeats } from '../stream/subscriber-seats.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import { limitConnections } from './limit-connections.ts';
import { limitLevels } from './limit-levels.ts';
import { openAlarms } from './open-alarms.ts';
import { openEvents } from './open-events.ts';
import { openIngest } from './open-ingest.ts';
import { openNotifications } from './open-notifications.ts';
import type { Storage } from './open-storage.ts';
import type { Shutdown } from './shutdown.ts';
import { stopHttp } from './stop-http.ts';
import { watchAccess } from './watch-access.ts';
import { type StreamDoor, serveWebSockets } from './web-sockets.ts';

type Subscriber = Exclude<Principal, { kind: 'open' }>;

/** How long requests under way may take once the hub stops. */
const HTTP_GRACE_MS = 2_000;

export interface Address {
  readonly url: string;
  readonly port: number;
}
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

/** The spine and all ways in and out. Resolves when they listen. */
export async function openDoors(ports: DoorPorts): Promise<Doors> {
  const { settings, storage, tls, log, clock, version, shutdown } = ports;
  const { directory, disk, presence, samples, system } = storage;
  const startedAt = clock();
  let stopping = false;

  const seats = createSubscriberSeats(settings['limits.stream-subscribers']);
  const stream = createLiveStream(directory, { queueMax: settings['limits.stream-queue'], queueBytesMax: settings['limits.stream-queue-bytes'], seats });
  const events = openEvents({ settings, storage, seats, version, home: ports.home, isStopping: () => stopping, clock, log, shutdown });
  const notifications = await openNotifications({ settings, storage, events, clock, log, shutdown });
  const { authenticator, accounts, deviceCredentials } = watchAccess(ports.access, { events: events.access, system, directory });
  const metrics = createHubMetrics(version, clock);
  shutdown.defer('metrics', () => metrics.stop());
  const scripts = createScriptThread();
  shutdown.defer('scripts', () => scripts.stop());
  let supervision: HotSupervision | null = null as HotSupervision | null;
  const { pipeline, pressure, waiting, alarmReports, broker, refused, trouble, oversized } = await openIngest({
    settings,
    storage,
    stream,
    meter: metrics.meter,
    supervise(commit) {
      supervision = openAlarms({ settings, storage, events, notifier: notifications.notifier, commit, scripts, clock, log });
      return supervision.evaluator;
    },
    clock,
    log,
  });
  if (supervision === null) throw new Error('the spine has no alarm rules');
  const alarms: HotSupervision = supervision;
  shutdown.defer('alarms', () => alarms.stop());
  const fleet = createFleet({
    system,
    directory,
    clock,
    devicesMax: settings['limits.devices-per-project'],
    pointsPerDeviceMax: settings['limits.points-per-device'],
    pointsPerProjectMax: settings['limits.points-per-project'],
    allocateSeries: storage.allocateSeries,
    settled: pipeline.settled,
    onDeviceClosed(device) {
      deviceCredentials.deviceChanged(device);
      if (!directory.device(device)) presence.forget(device);
    },
    onDeviceChanged: alarms.deviceChanged,
    onSeriesRemoved(series) {
      alarms.seriesRemoved(series);
      storage.removeSamples(series);
    },
  });

  const { create: createMqtt } = await PROTOCOLS.mqtt.load();
  const mqtt = createMqtt({
    settings,
    log,
    directory,
    presence: {
      ...presence,
      connected(connection, at) {
        presence.connected(connection, at);
        alarms.deviceSeen(connection.device);
      },
    },
    authenticator,
    authorize,
    ingest: pipeline,
    alarmReports: alarmReports(alarms.alarms.reported),
    broker,
    clock,
    tls,
    onCredentialsChanged: deviceCredentials.onCredentialsChanged,
    onTokenRevoked: accounts.onTokenRevoked,
    onRefused: refused,
    onTrouble: trouble,
  });
  // Anybody may ask: what exactly failed, with its paths, stands in the log.
  const checks = () => ({
    traffic: stopping ? 'the hub is stopping' : null,
    writes: system.log.failing ? 'nothing can be written at the moment' : null,
    samples: storage.failed() ? 'the sample store takes nothing at the moment' : null,
    disk: disk.refusal() === null ? null : 'the disk has too little room: writes are refused',
  });
  const eventFigures = () => ({
    recorded: events.stream.published,
    dropped: events.recorder.dropped,
    waiting: events.recorder.waiting,
    streamDropped: events.stream.dropped,
  });
  const levels = (): HubLevels => ({
    problems: Object.values(checks()).filter((problem) => problem !== null),
    steps: pipeline.steps,
    devices: sumOf(directory.projects.keys(), (project) => directory.deviceCount(project)),
    points: sumOf(directory.projects.keys(), (project) => directory.pointCount(project)),
    messagesWaiting: waiting(),
    commitsWaiting: system.log.depth,
    commitsFailing: system.log.failing,
    commitGroupsFailed: system.log.counts.failedGroups,
    commitThreadRestarts: system.log.counts.restarts,
    damagedEntries: system.log.counts.damagedEntries,
    journalBytes: system.log.journalBytes,
    journalEntriesToApply: Math.max(0, system.log.lastJournalId - samples.appliedJournalId),
    sampleStoreFailed: storage.failed(),
    pressure: pressure.state(),
    pressureTimes: pressure.counts.times,
    pressureHeldMs: pressure.counts.heldMs,
    diskFreeBytes: disk.freeBytes,
    diskFloorBytes: disk.freeBytesMin,
    diskFull: disk.refusal() !== null,
    httpConnections: connections.open,
    httpRefused: connections.refused,
    bytesWaiting: pipeline.bytesWaiting,
    damagedFiles: samples.damaged.length,
    streamSubscribers: seats.taken,
    streamDropped: stream.dropped,
    events: eventFigures(),
    alarms: alarms.counts(),
    notifications: notifications.counts(),
    mqtt: mqtt.counters(),
    limits: limitLevels(settings, {
      messagesWaiting: waiting(),
      bytesWaiting: pipeline.bytesWaiting,
      journalBytes: system.log.journalBytes,
      httpConnections: connections.open,
      streamSubscribers: seats.taken,
      events: eventFigures(),
      alarms: alarms.counts(),
      mqtt: mqtt.counters(),
      mqttConnectionsMax: mqtt.connectionsMax,
    }),
  });
  metrics.watch(levels);
  metrics.storage.found(system.log.lastJournalId, samples.appliedJournalId);
  system.log.observe(metrics.storage.committed);
  storage.observe(metrics.storage);
  const listener = (name: string): Address | null => mqtt.listeners.find((each) => each.name === name) ?? null;

  const reader = createSampleReader({ store: samples, log: system.log, directory });
  const backtests = createBacktests({ store: samples, directory, current: reader.current, clock, runningMax: settings['limits.backtests'], scripts });
  const api = await createApiServer({
    routes: allRoutes({
      fleet,
      directory,
      presence,
      accounts,
      credentials: deviceCredentials,
      recorder: events.recorder,
      rules: alarms.rules,
      alarms: alarms.alarms,
      shelveMaxMs: settings['alarms.shelve-max-ms'],
      alarming: system.alarming,
      inspect: alarms.inspect,
      maintenances: alarms.maintenances,
      ingest: pipeline,
      reader,
      backtests,
      store: samples,
      log: system.log,
      system,
      checkSystem: system.check,
      setAside: system.setAside,
      latestKnown: storage.latestKnown,
      retentionDays: settings['storage.retention-days'],
      rejects: system.rejects,
      notifications,
      channels: notifications.channels,
      metrics,
      levels,
      temporaryFolder: ports.temporaryFolder,
      clock,
      version,
      startedAt,
      mqttUrl: () => (listener('mqtt') ?? listener('mqtts'))?.url ?? null,
      checks,
      notes: () => ({
        pressure: pressedText(pressure.state()),
        damage: system.log.walWasDamaged ? 'the log of the system database was damaged at the last start: see the log, and storage' : null,
      }),
      closed: disk.refusal,
      onClosed: disk.onFull,
      places: createExportPlaces(settings['limits.exports']),
      rateLimits: {
        messagesPerSecond: settings['limits.messages-per-second-per-device'],
        pointsPerSecond: settings['limits.points-per-second-per-device'],
      },
    }),
    authenticator,
    authorize,
    findDevice: fleet.device,
    closed: disk.refusal,
    pressure: pipeline.pressure,
    onOversized: oversized,
    log,
    payloadBytesMax: settings['limits.payload-bytes-max'],
    bodiesBytesMax: settings['http.bodies-bytes-max'],
    timeouts: {
      headersMs: settings['http.headers-timeout-ms'],
      requestMs: settings['http.request-timeout-ms'],
      pressureMs: settings['ingest.push-back-max-ms'],
      stallMs: settings['http.stall-timeout-ms'],
    },
    tls,
    version,
  });

  const connections = limitConnections(api.server as Server, {
    connectionsMax: settings['http.connections-max'],
    perAddressMax: settings['http.connections-per-address-max'],
  });
  // Sources first, then what is under way, then the sinks: the steps run from the last to the first.
  shutdown.defer('mqtt', () => mqtt.stop());
  const sockets = serveWebSockets(api.server as Server, {
    streams: {
      '/stream': streamDoor('sample:read', (request, principal, onReady) => subscribeToSamples({ fleet, stream }, request, principal, onReady)),
      '/stream/events': streamDoor('event:read', (request, { project }, onReady) =>
        subscribeToEvents({ fleet, stream: events.stream }, request, project, onReady),
      ),
    },
    serveMqtt: settings['mqtt.port'] === null && settings['mqtts.port'] === null ? null : (socket, request) => mqtt.handleWebSocket(socket, request),
    packetBytesMax: settings['mqtt.packet-bytes-max'],
  });
  const graceMs = Math.min(HTTP_GRACE_MS, settings['stop-deadline-ms'] / 2);
  shutdown.defer('http', () => stopHttp({ server: api.server as Server, close: () => api.close() }, sockets, graceMs));
  shutdown.defer('ingest', async () => {
    stopping = true;
    // Who is held back is to hear that the hub is stopping.
    pressure.stop();
    await Promise.all([mqtt.drain(), pipeline.drain()]);
  });
  await alarms.start();
  await mqtt.start();
  alarms.sendCommands(mqtt.publish);
  const http = await listenHttp(api, settings);
  events.started();
  return { http, mqtt: listener('mqtt'), mqtts: listener('mqtts') };

  function streamDoor(action: Action, subscribe: (request: IncomingMessage, principal: Subscriber, onReady: () => void) => Feed): StreamDoor {
    return {
      authenticate: (request) => admitSubscriber(request, action),
      serve: (socket, request, principal) =>
        serveSubscriber(socket, {
          subscribe: (onReady) => subscribe(request, principal, onReady),
          clock,
          stallMs: settings['limits.stream-stall-ms'],
          stillAllowed: async () => void (await admitSubscriber(request, action)),
          onAccessChanged: (changed) =>
            principal.kind === 'device'
              ? deviceCredentials.onCredentialsChanged((device) => device === principal.id && changed())
              : accounts.onTokenRevoked((token) => token === (principal.kind === 'user' ? principal.token : principal.id) && changed()),
        }),
    };
  }

  async function admitSubscriber(request: IncomingMessage, action: Action): Promise<Subscriber> {
    const principal = await authenticate(authenticator, request.headers, request.socket.remoteAddress ?? null);
    if (principal.kind === 'open') throw new MusterError('not_logged_in', 'the request carries no credentials');
    const own = principal.kind === 'device' ? { device: principal.id, parent: directory.device(principal.id)?.device.parent ?? null } : {};
    const verdict = authorize(principal, action, { project: principal.project, ...own });
    if (!verdict.ok) throw new MusterError('not_allowed', verdict.reason);
    return principal;
  }
}

async function listenHttp(api: Awaited<ReturnType<typeof createApiServer>>, settings: Settings): Promise<Address> {
  const { host, 'http.port': wanted } = settings;
  try {
    await api.listen({ host, port: wanted });
  } catch (error: unknown) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new MusterError('address_in_use', `another program listens on port ${wanted} (HTTP)`, {
        cause: error,
        hint: 'Choose another with --http; 0 takes a free one.',
      });
    throw new MusterError('invalid_settings', `the hub cannot listen on ${host}:${wanted}: ${messageOf(error)}`, { cause: error });
  }
  const address = api.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : wanted;
  const scheme = settings['tls.cert'] === null ? 'http' : 'https';
  // Nobody can connect to "any address": say where it can be reached from here.
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { url: `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`, port };
}

/** Anybody may ask: no figures. */
function pressedText(state: PressureState | null): string | null {
  return state === null ? null : `senders are held back since ${new Date(state.since).toISOString()}: the hub cannot follow`;
}

function sumOf<Key>(keys: Iterable<Key>, count: (key: Key) => number): number {
  let sum = 0;
  for (const key of keys) sum += count(key);
  return sum;
}
