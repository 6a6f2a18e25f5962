import type { Device } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

/**
 * What is committed together with a device whose state is another than before: a retired one loses its credentials in the same moment. Throws conflict for a change that there
 * is not: `new` is what a device is that registered itself, and nothing becomes new again.
 */
export function stateStatements(system: Pick<SystemStore, 'credentials'>, before: Device, after: Device): readonly Statement[] {
  if (before.state === after.state) return [];
  if (after.state === 'new') {
    throw new MusterError('conflict', `device ${before.id} is ${before.state}; only a device that registers itself is new`, {
      hint: 'To keep it out, disable it: `muster device disable`.',
    });
  }
  return after.state === 'retired' ? [system.credentials.removeOfDevice(before.id)] : [];
}
