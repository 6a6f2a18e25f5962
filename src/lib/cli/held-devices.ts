import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { deviceFiltersOf } from './device-search.ts';

/** Ids of the devices that wait to be approved and that the selector means, as the hub finds them; `*`: all that wait. Throws usage for one that cannot be read, not_found when there is none. */
export async function heldDevices(hub: Pick<HubClient, 'devices'>, selector: string): Promise<string[]> {
  const filters = deviceFiltersOf({ state: 'new', selector: selector === '*' ? undefined : selector });
  const ids: string[] = [];
  for await (const { id } of hub.devices.list(filters)) ids.push(id);
  if (ids.length === 0)
    throw new MusterError('not_found', 'No device that waits to be approved fits.', { hint: 'List those that wait with `muster device list --state new`.' });
  return ids;
}
