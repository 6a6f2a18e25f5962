import type { Server } from 'node:http';
import { authorize } from '../access/authorize.ts';
import type { Access } from '../access/create-access.ts';
import { createApiServer } from '../api/api-server.ts';
import { createExportPlaces } from '../api/export-places.ts';
import { allRoutes } from '../api/routes.ts';
import { createSampleReader } from '../api/sample-reader.ts';
import { createBacktests } from '../backtest/create-backtests.ts';
import { tlsOptions } from '../certificates/tls-options.ts';
import type { Settings } from '../config/settings.ts';
import type { Configurations } from '../configuration/configurations.ts';
import type { Control } from '../control/control.ts';
import type { Jobs } from '../control/jobs.ts';
import type { Log } from '../domain/log.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Groups } from '../fleet/groups/groups.ts';
import type { DeviceSearch } from '../fleet/search/device-search.ts';
import type { HubMetrics } from '../metrics/hub-metrics.ts';
import type { Notifications } from '../notifications/create-notifications.ts';
import { createDeviceBatches } from '../provisioning/device-batches.ts';
import type { ScriptThread } from '../scripts/script-thread.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import type { HubState } from './hub-state.ts';
import { type ConnectionCount, limitConnections } from './limit-connections.ts';
import { type Address, listenHttp } from './listen-http.ts';
import type { EventsDoor } from './open-events.ts';
import type { IngestDoor } from './open-ingest.ts';
import type { LifecycleDoor } from './open-lifecycle.ts';
import type { ProvisioningDoor } from './open-provisioning.ts';
import type { Storage } from './open-storage.ts';

export interface HttpDoor {
  readonly server: Server;
  readonly connections: ConnectionCount;
  listen(): Promise<Address>;
  close(): Promise<void>;
}

/** The API over HTTP, which listens when it is told to. */
export async function openHttp(ports: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly access: Access;
  readonly ingest: IngestDoor;
  readonly events: EventsDoor;
  readonly notifications: Notifications;
  readonly alarms: HotSupervision;
  readonly control: Control;
  readonly jobs: Jobs;
  readonly fleet: Fleet;
  readonly search: DeviceSearch;
  readonly provisioning: ProvisioningDoor;
  readonly groups: Groups;
  readonly lifecycle: LifecycleDoor;
  readonly configurations: Configurations;
  readonly metrics: HubMetrics;
  readonly scripts: ScriptThread;
  readonly state: HubState;
  readonly mqttUrl: () => string | null;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly temporaryFolder: string;
  readonly clock: () => number;
  readonly log: Log;
  readonly version: string;
  readonly startedAt: number;
}): Promise<HttpDoor> {
  const { settings, storage, access, ingest, events, notifications, alarms, control, jobs, fleet, groups, search, provisioning } = ports;
  const { lifecycle, configurations, metrics, scripts, state, mqttUrl, tls, temporaryFolder, clock, log, version, startedAt } = ports;
  const { directory, disk, presence, samples, system } = storage;
  const reader = createSampleReader({ store: samples, log: system.log, directory });
  const backtests = createBacktests({ store: samples, directory, current: reader.current, clock, runningMax: settings['limits.backtests'], scripts });
  const api = await createApiServer({
    routes: allRoutes({
      fleet,
      groups,
      directory,
      presence,
      search,
      accounts: access.accounts,
      credentials: access.deviceCredentials,
      ...provisioning.routePorts,
      deviceBatches: createDeviceBatches({
        fleet,
        system,
        directory,
        certificates: access.certificates,
        clock,
        tokenDays: settings['access.device-token-days'],
        batchesMax: settings['limits.device-batches'],
      }),
      certificates: access.certificates,
      recorder: events.recorder,
      connections: lifecycle.connections,
      configurations,
      clocks: lifecycle.clocks,
      time: lifecycle.time,
      vitals: system.life.vitals,
      rules: alarms.rules,
      alarms: alarms.alarms,
      shelveMaxMs: settings['alarms.shelve-max-ms'],
      alarming: system.alarming,
      inspect: alarms.inspect,
      maintenances: alarms.maintenances,
      control,
      jobs,
      valueBytesMax: settings['limits.value-bytes-max'],
      ingest: ingest.pipeline,
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
      levels: state.levels,
      temporaryFolder,
      clock,
      version,
      startedAt,
      mqttUrl,
      checks: state.checks,
      notes: state.notes,
      closed: disk.refusal,
      onClosed: disk.onFull,
      places: createExportPlaces(settings['limits.exports']),
      rateLimits: deviceRateLimits(settings),
    }),
    authenticator: access.authenticator,
    authorize,
    findDevice: fleet.device,
    closed: disk.refusal,
    pressure: ingest.pipeline.pressure,
    onOversized: ingest.oversized,
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
  const connections = limitConnections(server, {
    connectionsMax: settings['http.connections-max'],
    perAddressMax: settings['http.connections-per-address-max'],
  });
  return { server, connections, listen: () => listenHttp(api, settings), close: () => api.close() };
}

/** Of each device; null: no limit. */
export function deviceRateLimits(settings: Settings): { readonly messagesPerSecond: number | null; readonly pointsPerSecond: number | null } {
  return {
    messagesPerSecond: settings['limits.messages-per-second-per-device'],
    pointsPerSecond: settings['limits.points-per-second-per-device'],
  };
}
