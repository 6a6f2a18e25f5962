import { setMaxListeners } from 'node:events';
import { messageOf } from '../errors/muster-error.ts';
import { createGatewayClient, type GatewayClient, type GatewayClientOptions, type GatewayIdentity } from './gateway-client.ts';
import { forEachBounded } from './pool.ts';
import type { Tally } from './tally.ts';

/** Connections that are being opened at once. */
const CONNECTING_MAX = 64;
/** Between two looks at whether anybody is connected. */
const LOOK_MS = 100;

export interface FleetConnectionOptions extends Omit<GatewayClientOptions, 'identity'> {
  readonly identities: readonly GatewayIdentity[];
  readonly signal: AbortSignal;
}

/** The connections of all gateways of a run. */
export interface FleetConnection {
  /** In the order of the identities; those that never connected are null. */
  readonly gateways: readonly (GatewayClient | null)[];
  /**
   * Waits until everything is acknowledged, at most for the time given; then says goodbye. Gives up earlier when no gateway was
   * connected for `goneMs`, and says so.
   */
  finish(deadlineMs: number, goneMs: number): Promise<{ readonly gone: boolean }>;
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
    async finish(deadlineMs, goneMs) {
      const gone = new AbortController();
      const end = AbortSignal.any([AbortSignal.timeout(deadlineMs), gone.signal]);
      setMaxListeners(connected.length + 1, end); // each gateway listens: no leak
      const watching = watchForLoss(connected, goneMs, () => gone.abort());
      await Promise.all(connected.map((gateway) => gateway.idle(end)));
      clearInterval(watching);
      await Promise.all(connected.map((gateway) => gateway.close().catch((error: unknown) => noteGoodbye(options.tally, error))));
      return { gone: gone.signal.aborted };
    },
  };
}

/** Calls `onGone` once no gateway was connected for `goneMs`. */
function watchForLoss(gateways: readonly GatewayClient[], goneMs: number, onGone: () => void): NodeJS.Timeout {
  let lastSeen = performance.now();
  return setInterval(() => {
    if (gateways.some((gateway) => gateway.connected)) lastSeen = performance.now();
    else if (performance.now() - lastSeen >= goneMs) onGone();
  }, LOOK_MS);
}

function noteGoodbye(tally: Tally, error: unknown): void {
  tally.noteError(`on closing: ${messageOf(error)}`);
}
