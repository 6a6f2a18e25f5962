import type { DeviceCredentials } from '../access/device-credentials.ts';
import type { HotControl } from '../control/create-control.ts';
import { groupEvent } from '../events/group-events.ts';
import { createChangeOrder } from '../fleet/change-order.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import { createGroups } from '../fleet/groups/create-groups.ts';
import type { Groups } from '../fleet/groups/groups.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';
import type { IngestDoor } from './open-ingest.ts';

/** Devices, types, points and groups. Who keeps something of a device hears of its changes here. */
export function openFleet(
  ports: Foundation & {
    readonly ingest: IngestDoor;
    readonly credentials: DeviceCredentials;
    readonly alarms: HotSupervision;
    readonly control: HotControl;
    readonly events: EventsDoor;
  },
): { readonly fleet: Fleet; readonly groups: Groups } {
  const { settings, storage, ingest, credentials, alarms, control, events, clock } = ports;
  const { directory, presence, system } = storage;
  const order = createChangeOrder();
  const fleet = createFleet({
    system,
    directory,
    clock,
    order,
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
  const groups = createGroups({
    system,
    directory,
    order,
    clock,
    groupsMax: settings['limits.groups-per-project'],
    triedSelectorsMax: settings['limits.group-selectors-per-project'],
    onDeviceChanged: alarms.deviceChanged,
    onChanged(news) {
      const event = groupEvent(news, clock());
      if (event !== null) events.recorder.record(event);
    },
  });
  return { fleet, groups };
}
