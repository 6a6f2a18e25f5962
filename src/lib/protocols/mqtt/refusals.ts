import type { Principal } from '../../access/principal.ts';
import type { Action } from '../../access/roles.ts';
import type { Surroundings } from './surroundings.ts';

const HEAD_BYTES = 256;

/** Counts a publish or will that its sender may not make, and reports it. */
export function recordRefusal(
  { ports, counters }: Surroundings,
  sender: { readonly principal: Principal; readonly scheme: string; readonly address: string | null },
  packet: { readonly topic: string; readonly payload: Uint8Array },
  { action, reason }: { readonly action: Action; readonly reason: string },
): void {
  const { principal } = sender;
  counters.refused++;
  const device = principal.kind === 'device' ? principal.id : null;
  const entry = device === null ? undefined : ports.directory.device(device);
  if (entry) entry.refused++;
  ports.onRefused({
    principal,
    device,
    protocol: sender.scheme,
    address: sender.address,
    topic: packet.topic,
    action,
    reason,
    payloadBytes: packet.payload.length,
    // A copy: the original is a window on what was read from the socket.
    payloadHead: Uint8Array.from(packet.payload.subarray(0, HEAD_BYTES)),
    time: ports.clock(),
  });
}

/** Counts and reports what a device tried in vain, so that its operator sees why nothing comes. Of unknown ones there is nobody to tell. */
export function recordTrouble(
  { ports }: Pick<Surroundings, 'ports'>,
  sender: { readonly device: string | undefined; readonly scheme: string; readonly address: string | null },
  trouble: { readonly code: string; readonly step: string; readonly reason: string; readonly topic?: string },
): void {
  const entry = sender.device === undefined ? undefined : ports.directory.device(sender.device);
  if (!entry) return;
  entry.refused++;
  const { code, step, reason, topic = null } = trouble;
  ports.onTrouble({ device: entry.device.id, protocol: sender.scheme, address: sender.address, code, step, reason, topic, time: ports.clock() });
}
