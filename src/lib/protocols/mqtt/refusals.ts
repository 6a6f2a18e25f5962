import type { Principal } from '../../access/principal.ts';
import type { Action } from '../../access/roles.ts';
import type { PublishPacket } from './aedes-client.ts';
import type { Surroundings } from './surroundings.ts';

const HEAD_BYTES = 256;

/** Counts a publish or will that its sender may not make, and reports it. */
export function recordRefusal(
  { ports, counters }: Surroundings,
  sender: { readonly principal: Principal; readonly scheme: string; readonly address: string | null },
  packet: PublishPacket,
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
