import { ALIAS_KINDS, type Device } from '../domain/device.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { ClaimRequest } from '../domain/provisioning.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

/** The devices of a project by whose names a device calls itself: by its id and by each of its aliases. Those of another project are as unknown as those that nobody has. */
export function devicesNamed(directory: Pick<Directory, 'device' | 'byAlias'>, project: ProjectId, { id, aliases }: ClaimRequest): readonly Device[] {
  const named = new Set<Device>();
  const add = (device: Device | undefined): void => {
    if (device?.project === project) named.add(device);
  };
  if (id !== undefined) add(directory.device(id)?.device);
  for (const kind of ALIAS_KINDS) {
    const value = aliases[kind];
    if (value !== undefined) add(directory.byAlias(project, kind, value)?.device);
  }
  return [...named];
}

/** Of those, the one that waits to be claimed, with the name of its place; null: none does. Throws conflict when the names are those of several. */
export async function waitingDevice(
  places: Pick<SystemStore['credentials'], 'ofDevice'>,
  named: readonly Device[],
  now: number,
): Promise<{ readonly device: Device; readonly place: string } | null> {
  for (const device of named) {
    const place = (await places.ofDevice(device.id)).find(({ kind, expiresAt }) => kind === 'claim' && (expiresAt === null || expiresAt > now));
    if (place === undefined) continue;
    if (named.length > 1) throw new MusterError('conflict', 'the names of the device are those of several devices');
    return { device, place: place.id };
  }
  return null;
}

/**
 * What a device says of itself, as that of the entered device: the names that were entered count, and no other that it makes up, for patterns of the claim and for rules alike. Throws conflict
 * when it says another alias than was entered.
 */
export function asEntered(device: Device, request: ClaimRequest): ClaimRequest {
  for (const kind of ALIAS_KINDS) {
    const [said, entered] = [request.aliases[kind], device.aliases[kind]];
    if (said !== undefined && entered !== undefined && said !== entered)
      throw new MusterError('conflict', `the ${kind} of the device is another than the one that was entered`);
  }
  return { ...request, id: device.id, aliases: device.aliases };
}
