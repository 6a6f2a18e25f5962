import { type Device, isInService, outOfServiceReason } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Throws not_allowed for a device that may not connect and report. */
export function checkInService({ id, state }: Pick<Device, 'id' | 'state'>): void {
  if (!isInService(state)) throw new MusterError('not_allowed', `device ${id} ${outOfServiceReason(state)}`);
}
