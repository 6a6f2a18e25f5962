import type { DeviceId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from './directory.ts';

/**
 * Those behind a gateway before it, so that no reference is broken on the way. A gateway that others are behind, which stay, is refused, and then so is
 * what it is itself behind.
 */
export function deletionOrder(
  entries: readonly DeviceEntry[],
  childrenOf: (id: DeviceId) => ReadonlySet<DeviceId>,
): { readonly order: readonly DeviceEntry[]; readonly refused: ReadonlyMap<DeviceId, MusterError> } {
  const left = new Map(entries.map((entry) => [entry.device.id, entry]));
  const order: DeviceEntry[] = [];
  const gone = new Set<DeviceId>();
  const waitingFor = new Map<DeviceId, number>();
  for (const { device } of entries) waitingFor.set(device.id, childrenOf(device.id).size);
  const ready = entries.filter(({ device }) => waitingFor.get(device.id) === 0);
  for (let entry = ready.pop(); entry !== undefined; entry = ready.pop()) {
    const { id, parent } = entry.device;
    order.push(entry);
    gone.add(id);
    left.delete(id);
    const above = parent === null ? undefined : left.get(parent);
    if (above === undefined) continue;
    const children = (waitingFor.get(above.device.id) ?? 0) - 1;
    waitingFor.set(above.device.id, children);
    if (children === 0) ready.push(above);
  }
  const refused = new Map<DeviceId, MusterError>();
  for (const [id] of left) {
    refused.set(
      id,
      new MusterError('in_use', `${id} is the gateway of ${waitingFor.get(id)} devices`, { hint: 'Delete them first, or give them another parent.' }),
    );
  }
  return { order, refused };
}
