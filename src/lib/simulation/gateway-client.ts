import type { SecureContext } from 'node:tls';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { MusterError } from '../errors/muster-error.ts';
import type { QualityOfService, SimulatedProtocol } from './choices.ts';
import { explainConnectError } from './connect-error.ts';
import { add, type Tally } from './tally.ts';

/** Who a simulated gateway is: one identity, one connection. */
export interface GatewayIdentity {
  readonly deviceId: string;
  readonly secret: string;
}

export interface GatewayClientOptions {
  /** mqtt://, mqtts://, ws:// or wss:// */
  readonly url: string;
  readonly identity: GatewayIdentity;
  /** For mqtts:// and wss://; null: what Node trusts. */
  readonly trust: SecureContext | null;
  readonly protocol: SimulatedProtocol;
  readonly qos: QualityOfService;
  /** Messages on their way at once; more wait in the buffer. */
  readonly inFlightMax: number;
  /** Messages that wait; beyond it they are dropped and counted. */
  readonly bufferMax: number;
  readonly connectTimeoutMs: number;
  readonly tally: Tally;
  readonly random: () => number;
}

interface Pending {
  readonly topic: string;
  readonly payload: string;
  readonly samples: number;
  readonly handedOverAt: number;
  /** Sent once before: sending it again is no new message. */
  sent: boolean;
}

/** One connection of one simulated gateway. */
export interface GatewayClient {
  readonly deviceId: string;
  readonly connected: boolean;
  /** Messages without acknowledgement yet, in flight or waiting. */
  readonly pending: number;
  /** Rejects with the reason in plain words when the first connection fails; later losses are repaired in the background. */
  connect(): Promise<void>;
  /** False: the buffer is full, the message was dropped and counted. */
  publish(topic: string, payload: string, samples: number): boolean;
  /** Resolves when the buffer has room again: for senders that may wait. */
  room(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing is pending. */
  idle(signal: AbortSignal): Promise<void>;
  /** Says goodbye; what is still pending counts as failed. Idempotent. */
  close(): Promise<void>;
}

type State = 'new' | 'connecting' | 'connected' | 'waiting' | 'closed';

const KEEP_ALIVE_SECONDS = 60;
const RECONNECT_FIRST_MS = 500;
const RECONNECT_LONGEST_MS = 15_000;
const GOODBYE_MS = 1_000;
const CLOSED_EARLY = Object.assign(new Error('closed'), { code: 'ECONNRESET' });

export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const { url, identity, qos, tally } = options;
  const inFlight = new Set<Pending>();
  const waiting: Pending[] = [];
  const watchers = new Set<() => void>();
  let state: State = 'new';
  let established = false;
  let client: MqttClient | null = null;
  let attempts = 0;
  let reconnectTimer: NodeJS.Timeout | undefined;

  function changed(): void {
    for (const watcher of watchers) watcher();
  }

  function pump(): void {
    while (state === 'connected' && inFlight.size < options.inFlightMax) {
      const message = waiting.shift();
      if (message === undefined) return;
      send(message);
    }
  }

  function send(message: Pending): void {
    const connection = client;
    if (connection === null) return;
    inFlight.add(message);
    if (!message.sent) add(tally.sent, message.samples);
    message.sent = true;
    connection.publish(message.topic, message.payload, { qos }, (error) => {
      // After a lost connection its messages were taken over by the next one.
      if (connection !== client || !inFlight.delete(message)) return;
      if (error) {
        add(tally.failed, message.samples);
        tally.noteError(error.message);
      } else if (qos > 0) {
        add(tally.acknowledged, message.samples);
        tally.acknowledgeTime.record(performance.now() - message.handedOverAt);
      }
      pump();
      changed();
    });
  }

  /** What was on its way is sent again: (point, time) is unique in the hub, so a repetition stores nothing twice. */
  function takeBack(): void {
    if (qos === 0) for (const message of inFlight) add(tally.failed, message.samples);
    else waiting.unshift(...inFlight);
    inFlight.clear();
  }

  /** One attempt. Rejects with the reason in plain words. */
  function open(): Promise<void> {
    state = 'connecting';
    const startedAt = performance.now();
    const connection = connect(url, connectOptions(options));
    client = connection;
    return new Promise((resolve, reject: (reason: MusterError) => void) => {
      let problem: unknown = null;
      connection.on('connect', () => {
        if (connection !== client) return;
        state = 'connected';
        established = true;
        attempts = 0;
        tally.connected += 1;
        tally.connectTime.record(performance.now() - startedAt);
        resolve();
        pump();
        changed();
      });
      connection.on('error', (error) => {
        problem ??= error;
        connection.end(true);
      });
      connection.on('close', () => {
        if (connection !== client) return;
        const reason = explainConnectError(problem ?? CLOSED_EARLY, url);
        noteLoss(reason);
        reject(reason);
      });
    });
  }

  function noteLoss(reason: MusterError): void {
    const wasConnected = state === 'connected';
    client = null;
    takeBack();
    if (wasConnected) tally.connected -= 1;
    else tally.connectFailures += 1;
    tally.noteError(wasConnected ? 'connection lost' : reason.message);
    state = 'waiting';
    // A gateway that never connected is reported by `connect`, not retried for ever.
    if (established) scheduleReconnect();
    changed();
  }

  /** Full jitter, so that a thousand gateways do not come back in the same moment. */
  function scheduleReconnect(): void {
    const longest = Math.min(RECONNECT_LONGEST_MS, RECONNECT_FIRST_MS * 2 ** attempts);
    attempts += 1;
    reconnectTimer = setTimeout(() => {
      if (state !== 'waiting') return;
      open().then(
        () => {
          tally.reconnects += 1;
        },
        () => undefined, // counted and named in the tally; `noteLoss` has scheduled the next attempt
      );
    }, longest * options.random());
  }

  function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition() && !signal.aborted && state !== 'closed') return;
        watchers.delete(check);
        signal.removeEventListener('abort', check);
        resolve();
      };
      watchers.add(check);
      signal.addEventListener('abort', check, { once: true });
      check();
    });
  }

  return {
    deviceId: identity.deviceId,
    get connected() {
      return state === 'connected';
    },
    get pending() {
      return inFlight.size + waiting.length;
    },
    connect: open,
    publish(topic, payload, samples) {
      if (waiting.length >= options.bufferMax || state === 'closed') {
        add(tally.dropped, samples);
        return false;
      }
      waiting.push({ topic, payload, samples, handedOverAt: performance.now(), sent: false });
      pump();
      return true;
    },
    room: (signal) => until(() => waiting.length < options.bufferMax, signal),
    idle: (signal) => until(() => inFlight.size + waiting.length === 0, signal),
    async close() {
      if (state === 'closed') return;
      const connection = client;
      if (state === 'connected') tally.connected -= 1;
      state = 'closed';
      clearTimeout(reconnectTimer);
      client = null;
      const unfinished = [...inFlight, ...waiting];
      for (const message of unfinished) {
        add(tally.failed, message.samples);
        tally.noteError('no acknowledgement before the end');
      }
      inFlight.clear();
      waiting.length = 0;
      changed();
      if (connection !== null) await goodbye(connection, unfinished.length > 0);
    },
  };
}

/** mqtts:// takes it from the options, wss:// from those of the WebSocket. */
function trusting(trust: SecureContext | null): IClientOptions {
  if (trust === null) return {};
  const secured: object = { secureContext: trust };
  return { ...secured, wsOptions: secured };
}

function connectOptions({ identity, protocol, connectTimeoutMs, trust }: GatewayClientOptions): IClientOptions {
  return {
    clientId: identity.deviceId,
    username: identity.deviceId,
    password: identity.secret,
    protocolVersion: protocol === 'mqtt5' ? 5 : 4,
    clean: true,
    keepalive: KEEP_ALIVE_SECONDS,
    connectTimeout: connectTimeoutMs,
    // Losses are repaired above, with jitter and with a bounded buffer.
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    ...trusting(trust),
  };
}

/** @param force without DISCONNECT: with acknowledgements outstanding the client would wait for them */
function goodbye(connection: MqttClient, force: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      connection.end(true);
      resolve();
    }, GOODBYE_MS);
    connection.end(force, {}, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
