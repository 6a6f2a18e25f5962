import type { Device as ShownDevice } from '../api/schema/fleet.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { Device } from '../domain/device.ts';
import { parseSelector, selectorMatcher } from '../domain/selector.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Ids of the devices that wait to be approved and that the selector fits. Throws usage for one that cannot be read, not_found when there is none. */
export async function heldDevices(hub: HubClient, text: string): Promise<string[]> {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new MusterError('usage', `--selector: ${parsed.reason}.`, { details: { flag: 'selector' } });
  const fits = selectorMatcher(parsed.selector, ({ groups }) => groups);
  const ids: string[] = [];
  for await (const device of hub.devices.list({ state: 'new' })) if (fits(asDevice(device))) ids.push(device.id);
  if (ids.length === 0)
    throw new MusterError('not_found', 'No device that waits to be approved fits.', { hint: 'List those that wait with `muster device list --state new`.' });
  return ids;
}

/** A selector asks for all groups that a device is in. */
function asDevice(device: ShownDevice): Device {
  return { ...device, groups: device.memberOf } as unknown as Device;
}
