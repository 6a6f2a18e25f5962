import { isInService, outOfServiceReason } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { commitOrExplain } from './commit-or-explain.ts';
import type { DeviceEntry, Directory } from './directory.ts';

export interface AdoptOptions {
  /** It waits to be approved, as one that nobody entered before. */
  readonly hold: boolean;
  /** Asked last, with nothing between it and the transaction: was the device ever heard? */
  readonly wasHeard: () => boolean;
}

export interface AdoptPorts {
  readonly system: SystemStore;
  readonly directory: Directory;
  readonly clock: () => number;
  readonly onDeviceChanged?: (device: DeviceEntry['device']['id']) => void;
}

/**
 * A device that was entered before, and waited to be claimed, becomes that of whoever claims it: all that was entered stays. Of two who claim the same, one finds its statements stale.
 * Throws conflict: it is out of service, was heard, or `alongside` cannot be.
 */
export async function adoptDevice(
  ports: AdoptPorts,
  entry: DeviceEntry,
  { hold, wasHeard }: AdoptOptions,
  alongside: readonly Statement[],
): Promise<DeviceEntry> {
  const { system, directory, clock } = ports;
  const before = entry.device;
  // One that was entered as `new` waits for its approval whatever the rules say.
  if (!isInService(before.state) && before.state !== 'new')
    throw new MusterError('conflict', `the device ${before.id} ${outOfServiceReason(before.state)}`, { hint: 'Enable it, so that it can be claimed.' });
  if (wasHeard()) throw new MusterError('conflict', `the device ${before.id} was heard before, and cannot be claimed`);
  const device = hold && before.state !== 'new' ? { ...before, state: 'new' as const, updatedAt: clock() } : before;
  const changed = device === before ? [] : [system.devices.update(device)];
  await commitOrExplain(system.log, [...changed, ...alongside], {
    stale: () => new MusterError('conflict', `the device ${before.id} was claimed meanwhile, or has something else to come with`),
  });
  if (device !== before) {
    directory.putDevice(device);
    ports.onDeviceChanged?.(device.id);
  }
  return entry;
}
