import { setMaxListeners } from 'node:events';
import type { SecureContext } from 'node:tls';
import type { ChildDevice } from '../device/gateway.ts';
import { Gateway } from '../device/gateway.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { PayloadName, QualityOfService, SimulatedProtocol } from './choices.ts';
import { withCommandHint } from './connect-hint.ts';
import { forEachBounded } from './pool.ts';
import { observing, type Tally } from './tally.ts';

/** Connections that are being opened at once. */
const CONNECTING_MAX = 64;
/** Between two looks at whether anybody is connected. */
const LOOK_MS = 100;
const RECONNECT = { firstMs: 500, longestMs: 15_000 };

/** Who a simulated gateway is: one identity, one connection. */
export interface GatewayIdentity {
  readonly deviceId: string;
  readonly secret: string;
}

export interface FleetConnectionOptions {
  /** mqtt://, mqtts://, ws:// or wss:// */
  readonly url: string;
  readonly identities: readonly GatewayIdentity[];
  /** For mqtts:// and wss://; null: what Node trusts. */
  readonly trust: SecureContext | null;
  readonly protocol: SimulatedProtocol;
  readonly qos: QualityOfService;
  readonly payload: PayloadName;
  /** Messages of one gateway on their way at once; more wait in its buffer. */
  readonly inFlightMax: number;
  /** Messages that wait; beyond it they are dropped and counted. */
  readonly bufferMax: number;
  readonly connectTimeoutMs: number;
  readonly tally: Tally;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** The connections of all gateways of a run. */
export interface FleetConnection {
  /** In the order of the identities; those that never connected are null. */
  readonly gateways: readonly (Gateway | null)[];
  /**
   * Waits until everything is acknowledged, at most for the time given; then says goodbye. Gives up earlier when no gateway was
   * connected for `goneMs`, and says so.
   */
  finish(deadlineMs: number, goneMs: number): Promise<{ readonly gone: boolean }>;
}

/** Rejects, with the first reason in plain words, when not a single gateway could connect. */
export async function connectFleet(options: FleetConnectionOptions): Promise<FleetConnection> {
  const { identities, signal, tally } = options;
  const gateways: (Gateway | null)[] = identities.map(() => null);
  let failure: { readonly error: unknown } | null = null;
  await forEachBounded(identities, CONNECTING_MAX, signal, async (identity, index) => {
    const gateway = createGateway(identity, options);
    try {
      await gateway.connect({ attempts: 1 });
      gateways[index] = gateway;
    } catch (error: unknown) {
      failure ??= { error: withCommandHint(error) };
      await gateway.close({ drainMs: 0 });
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
      await Promise.all(connected.map((gateway) => gateway.whenIdle(end)));
      clearInterval(watching);
      await Promise.all(connected.map((gateway) => gateway.close({ drainMs: 0 }).catch((error: unknown) => noteGoodbye(tally, error))));
      return { gone: gone.signal.aborted };
    },
  };
}

/** The gateway itself, or the device of that id behind it. */
export function member(gateway: Gateway, device: string): Pick<ChildDevice, 'report' | 'alarm'> {
  return device === gateway.id ? gateway : gateway.child(device);
}

function createGateway({ deviceId, secret }: GatewayIdentity, options: FleetConnectionOptions): Gateway {
  const { url, trust, protocol, qos, payload, inFlightMax, bufferMax, connectTimeoutMs, tally, random } = options;
  return new Gateway({
    url,
    id: deviceId,
    credential: { token: secret },
    ...(trust === null ? {} : { tls: { secureContext: trust } }),
    protocol,
    qos,
    format: payload,
    inFlightMax,
    // The load is open-loop: what a slow hub does not take shows at once, and nothing of it is made good later.
    store: { messagesMax: bufferMax, bytesMax: Number.POSITIVE_INFINITY, whenFull: 'drop-newest' },
    refused: 'fail',
    reconnect: RECONNECT,
    connectTimeoutMs,
    // Its samples have the times of the schedule.
    timeSync: false,
    observer: observing(tally),
    random,
  });
}

/** Calls `onGone` once no gateway was connected for `goneMs`. */
function watchForLoss(gateways: readonly Gateway[], goneMs: number, onGone: () => void): NodeJS.Timeout {
  let lastSeen = performance.now();
  return setInterval(() => {
    if (gateways.some((gateway) => gateway.isConnected)) lastSeen = performance.now();
    else if (performance.now() - lastSeen >= goneMs) onGone();
  }, LOOK_MS);
}

function noteGoodbye(tally: Tally, error: unknown): void {
  tally.noteError(`on closing: ${messageOf(error)}`);
}
