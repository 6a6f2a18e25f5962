import { createExportPlaces } from '../api/export-places.ts';
import type { RoutePorts } from '../api/routes.ts';
import { createSampleReader } from '../api/sample-reader.ts';
import { createBacktests } from '../backtest/create-backtests.ts';
import { createDeviceBatches } from '../provisioning/device-batches.ts';
import type { Foundation } from './foundation.ts';
import type { HubState } from './hub-state.ts';
import type { Core } from './open-core.ts';
import { type DevicesDoor, deviceRateLimits } from './open-devices.ts';

/** What the routes of the API are made of: each part of the hub says below what it gives to them. */
export interface RouteParts extends Foundation {
  readonly core: Core;
  readonly devices: DevicesDoor;
  readonly state: HubState;
  readonly mqttUrl: () => string | null;
  readonly temporaryFolder: string;
  readonly version: string;
  readonly startedAt: number;
}

export function routePorts(parts: RouteParts): RoutePorts {
  return { ...ofHub(parts), ...ofStorage(parts), ...ofDevices(parts), ...ofSamples(parts), ...ofAlarms(parts), ...ofEvents(parts) };
}

function ofHub({ core, state, settings, clock, mqttUrl, temporaryFolder, version, startedAt }: RouteParts) {
  const { accounts, certificates, deviceCredentials } = core.access;
  return {
    clock,
    version,
    startedAt,
    mqttUrl,
    temporaryFolder,
    accounts,
    certificates,
    credentials: deviceCredentials,
    metrics: core.metrics,
    levels: state.levels,
    checks: state.checks,
    notes: state.notes,
    places: createExportPlaces(settings['limits.exports']),
  };
}

function ofStorage({ storage, settings }: RouteParts) {
  const { directory, disk, presence, samples, system } = storage;
  return {
    directory,
    presence,
    store: samples,
    system,
    log: system.log,
    alarming: system.alarming,
    vitals: system.life.vitals,
    rejects: system.rejects,
    checkSystem: system.check,
    setAside: system.setAside,
    latestKnown: storage.latestKnown,
    retentionDays: settings['storage.retention-days'],
    closed: disk.refusal,
    onClosed: disk.onFull,
  };
}

function ofDevices({ devices, core, storage, settings, clock }: RouteParts) {
  const { fleet, groups, search, provisioning, lifecycle, configurations } = devices;
  const { control, jobs } = core.asking;
  return {
    fleet,
    groups,
    search,
    configurations,
    control,
    jobs,
    connections: lifecycle.connections,
    clocks: lifecycle.clocks,
    time: lifecycle.time,
    ...provisioning.routePorts,
    deviceBatches: createDeviceBatches({
      fleet,
      system: storage.system,
      directory: storage.directory,
      certificates: core.access.certificates,
      clock,
      tokenDays: settings['access.device-token-days'],
      batchesMax: settings['limits.device-batches'],
    }),
    rateLimits: deviceRateLimits(settings),
  };
}

function ofSamples({ core, storage, settings, clock }: RouteParts) {
  const { directory, samples, system } = storage;
  const reader = createSampleReader({ store: samples, log: system.log, directory });
  return {
    ingest: core.ingest.pipeline,
    reader,
    backtests: createBacktests({
      store: samples,
      directory,
      current: reader.current,
      clock,
      runningMax: settings['limits.backtests'],
      scripts: core.scripts,
    }),
    valueBytesMax: settings['limits.value-bytes-max'],
  };
}

function ofAlarms({ core, settings }: RouteParts) {
  const { alarms, notifications } = core;
  return {
    rules: alarms.rules,
    alarms: alarms.alarms,
    inspect: alarms.inspect,
    maintenances: alarms.maintenances,
    shelveMaxMs: settings['alarms.shelve-max-ms'],
    notifications,
    channels: notifications.channels,
  };
}

function ofEvents({ core }: RouteParts) {
  return { recorder: core.events.recorder };
}
