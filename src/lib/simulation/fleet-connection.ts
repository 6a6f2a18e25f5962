import { setMaxListeners } from 'node:events';
import { messageOf } from '../errors/muster-error.ts';
import { createGatewayClient, type GatewayClient, type GatewayClientOptions, type GatewayIdentity } from './gateway-client.ts';
import { forEachBounded } from './pool.ts';
import type { Tally } from './tally.ts';

/** Connections that are being opened at once. */
const CONNECTING_MAX = 64;

export interface FleetConnectionOptions extends Omit<GatewayClientOptions, 'identity'> {
  readonly identities: readonly GatewayIdentity[];
  readonly signal: AbortSignal;
}

/** The connections of all gateways of a run. */
export interface FleetConnection {
  /** In the order of the identities; those that never connected are null. */
  readonly gateways: readonly (GatewayClient | null)[];
  /** Waits until everything is acknowledged, at most for the time given; then says goodbye. */
  finish(deadlineMs: number): Promise<void>;
}

/** Rejects, with the first reason in plain words, when not a single gateway could connect. */
export async function connectFleet({ identities, signal, ...options }: FleetConnectionOptions): Promise<FleetConnection> {
  const gateways: (GatewayClient | null)[] = identities.map(() => null);
  let failure: { readonly error: unknown } | null = null;
  await forEachBounded(identities, CONNECTING_MAX, signal, async (identity, index) => {
    const gateway = createGatewayClient({ ...options, identity });
    try {
      await gateway.connect();
      gateways[index] = gateway;
    } catch (error: unknown) {
      failure ??= { error };
      await gateway.close();
    }
  });
  const connected = gateways.filter((gateway) => gateway !== null);
  if (connected.length === 0 && failure !== null) throw (failure as { readonly error: unknown }).error;
  return {
    gateways,
    async finish(deadlineMs) {
      const deadline = AbortSignal.timeout(deadlineMs);
      setMaxListeners(connected.length + 1, deadline); // each gateway listens: no leak
      await Promise.all(connected.map((gateway) => gateway.idle(deadline)));
      await Promise.all(connected.map((gateway) => gateway.close().catch((error: unknown) => noteGoodbye(options.tally, error))));
    },
  };
}

function noteGoodbye(tally: Tally, error: unknown): void {
  tally.noteError(`on closing: ${messageOf(error)}`);
}
