import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';
import { checkInService } from '../fleet/check-in-service.ts';
import type { Presence } from '../fleet/presence.ts';

/**
 * A device speaks over HTTP, for itself or for one behind it: that one is there. What an operator does in its name does not make it look alive. Throws not_allowed for a
 * device that is not in service.
 */
export function noteDevice(presence: Pick<Presence, 'seen'>, principal: Principal, device: Device, address: string | null, at: number): void {
  if (principal.kind !== 'device') return;
  checkInService(device);
  presence.seen(device.id, { connectionId: null, protocol: 'http', address }, at);
}
