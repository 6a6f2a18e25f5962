import type { Access } from '../access/create-access.ts';
import type { HubTls } from '../certificates/tls-options.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Foundation } from './foundation.ts';
import { hubState } from './hub-state.ts';
import type { Address } from './listen-http.ts';
import { type Core, openCore } from './open-core.ts';
import { openDevices } from './open-devices.ts';
import { type HttpDoor, openHttp } from './open-http.ts';
import { openMqtt } from './open-mqtt.ts';
import { openStreams } from './open-streams.ts';
import { renewCertificate } from './renew-certificate.ts';
import { stopHttp } from './stop-http.ts';
import { serveWebSockets } from './web-sockets.ts';

/** How long requests under way may take once the hub stops. */
const HTTP_GRACE_MS = 2_000;

export interface Doors {
  readonly http: Address;
  readonly mqtt: Address | null;
  readonly mqtts: Address | null;
}

export interface DoorPorts extends Foundation {
  readonly access: Access;
  readonly tls: HubTls | null;
  readonly temporaryFolder: string;
  readonly version: string;
  /** The project of what belongs to none, such as a log-in of somebody unknown. */
  readonly home: ProjectId;
}

/** The spine and all ways in and out, in the order in which they need one another. Resolves when they listen. */
export async function openDoors(ports: DoorPorts): Promise<Doors> {
  const { settings, storage, clock, shutdown } = ports;
  const startedAt = clock();
  let stopping = false;
  const isStopping = () => stopping;

  const core = await openCore({ ...ports, isStopping });
  const devices = await openDevices(ports, core);
  const mqtt = await openMqtt({ ...ports, ...core, ...devices, control: core.asking.control });
  const listener = (name: string): Address | null => mqtt.listeners.find((each) => each.name === name) ?? null;

  const connections = () => http.connections;
  const state = hubState({
    settings,
    storage,
    ...core,
    ...core.asking,
    stream: core.stream,
    commandStream: core.asking.stream,
    ...devices,
    mqtt,
    connections,
    isStopping,
  });
  watchStorage(ports, core);
  core.metrics.watch(state.levels);
  const mqttUrl = () => (listener('mqtt') ?? listener('mqtts'))?.url ?? null;
  const http: HttpDoor = await openHttp({ ...ports, core, devices, state, mqttUrl, startedAt });

  // Sources first, then what is under way, then the sinks: the steps run from the last to the first.
  shutdown.defer('mqtt', () => mqtt.stop());
  const sockets = serveWebSockets(http.server, {
    streams: openStreams({ ...ports, core, devices }),
    serveMqtt: settings['mqtt.port'] === null && settings['mqtts.port'] === null ? null : (socket, request) => mqtt.handleWebSocket(socket, request),
    packetBytesMax: settings['mqtt.packet-bytes-max'],
  });
  const graceMs = Math.min(HTTP_GRACE_MS, settings['stop-deadline-ms'] / 2);
  shutdown.defer('http', () => stopHttp(http, sockets, graceMs));
  shutdown.defer('ingest', async () => {
    stopping = true;
    // Who is held back is to hear that the hub is stopping.
    core.ingest.pressure.stop();
    await Promise.all([mqtt.drain(), core.ingest.pipeline.drain()]);
  });

  await core.asking.start();
  await core.alarms.start();
  core.asking.control.use(mqtt.commands);
  await mqtt.start();
  const address = await http.listen();
  core.events.started();
  if (ports.tls?.renewed) renewCertificate(ports.tls.renewed, { ...ports, recorder: core.events.recorder });
  devices.provisioning.start();
  return { http: address, mqtt: listener('mqtt'), mqtts: listener('mqtts') };
}

/** The metrics hear of every commit from now on. */
function watchStorage({ storage }: Foundation, { metrics }: Core): void {
  const { samples, system } = storage;
  metrics.storage.found(system.log.lastJournalId, samples.appliedJournalId);
  system.log.observe(metrics.storage.committed);
  storage.observe(metrics.storage);
}
