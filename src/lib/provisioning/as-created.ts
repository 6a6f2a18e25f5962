import type { Device } from '../domain/device.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { ProvisionDevice } from '../fleet/provision.ts';

/** The device that it will be, as far as a certificate speaks of it. */
export function asCreated(project: ProjectId, { id, name, kind = 'device', state = 'active', aliases }: ProvisionDevice, now: number): Device {
  const given = Object.entries(aliases ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return {
    ...{ id: id as DeviceId, project, name: name ?? id, kind, type: null, parent: null, state, labels: {}, groups: [], createdAt: now, updatedAt: now },
    aliases: Object.fromEntries(given),
  };
}
