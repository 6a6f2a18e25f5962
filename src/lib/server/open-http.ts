import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:tls';
import { authorize } from '../access/authorize.ts';
import { createApiServer } from '../api/api-server.ts';
import { allRoutes } from '../api/routes.ts';
import { type HubTls, serveTls, tlsOptions } from '../certificates/tls-options.ts';
import { type ConnectionCount, limitConnections } from './limit-connections.ts';
import { type Address, listenHttp } from './listen-http.ts';
import { type RouteParts, routePorts } from './route-ports.ts';

export interface HttpDoor {
  readonly server: Server;
  readonly connections: ConnectionCount;
  listen(): Promise<Address>;
  close(): Promise<void>;
}

export interface HttpPorts extends RouteParts {
  readonly tls: HubTls | null;
}

/** The API over HTTP, which listens when it is told to. */
export async function openHttp(ports: HttpPorts): Promise<HttpDoor> {
  const { settings, storage, core, devices, tls, log, version } = ports;
  const { pipeline, oversized } = core.ingest;
  const api = await createApiServer({
    routes: allRoutes(routePorts(ports)),
    authenticator: core.access.authenticator,
    authorize,
    findDevice: devices.fleet.device,
    closed: storage.disk.refusal,
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
    tls: tls === null ? null : tlsOptions(tls, settings),
    version,
  });
  const server = api.server as Server;
  if (tls !== null) serveTls(tls, api.server as unknown as TlsServer, settings);
  const connections = limitConnections(server, {
    connectionsMax: settings['http.connections-max'],
    perAddressMax: settings['http.connections-per-address-max'],
  });
  return { server, connections, listen: () => listenHttp(api, settings), close: () => api.close() };
}
