import type { DeviceCredentials } from '../access/device-credentials.ts';
import type { Settings } from '../config/settings.ts';
import type { HotControl } from '../control/create-control.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import type { IngestDoor } from './open-ingest.ts';
import type { Storage } from './open-storage.ts';

/** Devices, types and points. Who keeps something of a device hears of its changes here. */
export function openFleet(ports: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly ingest: IngestDoor;
  readonly credentials: DeviceCredentials;
  readonly alarms: HotSupervision;
  readonly control: HotControl;
  readonly clock: () => number;
}): Fleet {
  const { settings, storage, ingest, credentials, alarms, control, clock } = ports;
  const { directory, presence, system } = storage;
  return createFleet({
    system,
    directory,
    clock,
    devicesMax: settings['limits.devices-per-project'],
    pointsPerDeviceMax: settings['limits.points-per-device'],
    pointsPerProjectMax: settings['limits.points-per-project'],
    allocateSeries: storage.allocateSeries,
    settled: ingest.pipeline.settled,
    onDeviceClosed(device) {
      credentials.deviceChanged(device);
      if (!directory.device(device)) presence.forget(device);
    },
    onDeviceChanged(device) {
      alarms.deviceChanged(device);
      control.deviceChanged(device);
    },
    onSeriesRemoved(series) {
      alarms.seriesRemoved(series);
      storage.removeSamples(series);
    },
  });
}
