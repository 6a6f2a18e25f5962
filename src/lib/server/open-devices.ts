import { deviceRenderer } from '../api/rest/devices.ts';
import type { Settings } from '../config/settings.ts';
import type { Configurations } from '../configuration/configurations.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Groups } from '../fleet/groups/groups.ts';
import { createDeviceSearch, type DeviceSearch } from '../fleet/search/device-search.ts';
import type { Foundation } from './foundation.ts';
import { openConfigurations } from './open-configurations.ts';
import type { Core } from './open-core.ts';
import { openFleet } from './open-fleet.ts';
import { type LifecycleDoor, openLifecycle } from './open-lifecycle.ts';
import { openProvisioning, type ProvisioningDoor } from './open-provisioning.ts';

/** The fleet, and the life of a device in it: how it comes, what it is told to be, when it was there. */
export interface DevicesDoor {
  readonly fleet: Fleet;
  readonly groups: Groups;
  readonly configurations: Configurations;
  readonly lifecycle: LifecycleDoor;
  readonly provisioning: ProvisioningDoor;
  readonly search: DeviceSearch;
  readonly render: ReturnType<typeof deviceRenderer>;
}

/** Opened in the order in which they need one another. */
export async function openDevices(foundation: Foundation, core: Core): Promise<DevicesDoor> {
  const { settings, storage, clock } = foundation;
  const { directory, presence } = storage;
  const { control } = core.asking;
  const { fleet, groups } = openFleet({ ...foundation, ...core, credentials: core.access.deviceCredentials, control });
  const configurations = await openConfigurations({ ...foundation, ...core });
  const lifecycle = await openLifecycle({ ...foundation, ...core, configurations });
  const provisioning = await openProvisioning({ ...foundation, ...core, fleet, groups });
  const search = createDeviceSearch({ directory, presence, clock, searchesMax: settings['limits.searches'] });
  const render = deviceRenderer({ presence, clock, rateLimits: deviceRateLimits(settings) });
  return { fleet, groups, configurations, lifecycle, provisioning, search, render };
}

/** Of each device; null: no limit. */
export function deviceRateLimits(settings: Settings): { readonly messagesPerSecond: number | null; readonly pointsPerSecond: number | null } {
  return {
    messagesPerSecond: settings['limits.messages-per-second-per-device'],
    pointsPerSecond: settings['limits.points-per-second-per-device'],
  };
}
