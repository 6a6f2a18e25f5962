import { connect, type IClientOptions, type IDisconnectPacket, type MqttClient, type Packet } from 'mqtt';
import type { ErrorCode } from '../errors/catalogue.ts';
import { Backoff } from './backoff.ts';
import { explainConnectError, explainDisconnect } from './connect-error.ts';
import { DeviceError } from './device-error.ts';
import { KeptSession } from './kept-session.ts';
import type { DeviceObserver } from './observer.ts';
import { Outbox, type OutboxLimits, type Outgoing } from './outbox.ts';
import { type Acknowledgement, explainRefusal } from './refusal.ts';

export interface HubLinkOptions {
  readonly url: string;
  /** Asked before each attempt: credentials may have been renewed. Rejects when there are none. */
  readonly clientOptions: () => IClientOptions | Promise<IClientOptions>;
  /** Messages without acknowledgement at once; the hub may allow fewer. */
  readonly inFlightMax: number;
  readonly store: OutboxLimits;
  readonly reconnect: { readonly firstMs: number; readonly longestMs: number };
  /** A message that the hub cannot take at the moment: sent again, or failed. */
  readonly refused: 'retry' | 'fail';
  readonly random: () => number;
  readonly observer: DeviceObserver;
  /**
   * A connection is there; what has to come before the messages that wait is sent here. They wait for the promise, if there is one. Must not throw or reject.
   */
  readonly onConnected: (again: boolean) => Promise<void> | undefined;
  readonly onDisconnected: (error: DeviceError, retryInMs: number) => void;
  readonly onConnectFailed: (error: DeviceError, retryInMs: number | null) => void;
  readonly onMessage: (topic: string, payload: Buffer) => void;
}

export interface ConnectOptions {
  /** Attempts before it gives up; without it there is no end to them. Only of the first connection: later losses are always repaired. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

type State = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';

interface Waiter {
  resolve(): void;
  reject(error: DeviceError): void;
}

const ANSWERS_MAX = 2_000;
const GOODBYE_MS = 1_000;
/** A connection that lasted for less was none: two devices with the same identity, for example, throw each other out. */
const STABLE_MS = 5_000;
const HOLD_FIRST_MS = 500;
const HOLD_LONGEST_MS = 30_000;
/** What no further attempt changes: the program, the credential or the claim is wrong. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['not_logged_in', 'invalid', 'usage', 'conflict']);
const CLOSED_EARLY = Object.assign(new Error('closed'), { code: 'ECONNRESET' });

/** The connection of a device to its hub: made again when it is lost, with a window of messages on their way and a store of those that wait. */
export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #observer: DeviceObserver;
  readonly #inFlight = new Set<Outgoing>();
  readonly #waiting: Outbox;
  /** Answers: they go before everything else. */
  readonly #answers: Outbox;
  readonly #watchers = new Set<() => void>();
  readonly #backoff: Backoff;
  readonly #hold: Backoff;
  #connectWaiters: Waiter[] = [];
  #state: State = 'idle';
  #client: MqttClient | null = null;
  #established = false;
  #connectedAt = 0;
  #attemptsLeft = Number.POSITIVE_INFINITY;
  #window: number;
  #isPrepared = false;
  #timer: NodeJS.Timeout | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #acknowledged = 0;
  #failures = 0;
  #drops = 0;
  readonly #tlsSession = new KeptSession();

  constructor(options: HubLinkOptions) {
    this.#options = options;
    this.#observer = options.observer;
    this.#window = options.inFlightMax;
    this.#waiting = new Outbox(options.store, (message) => this.#dropped(message));
    this.#answers = new Outbox({ messagesMax: ANSWERS_MAX, bytesMax: Number.POSITIVE_INFINITY, whenFull: 'drop-oldest' }, (message) => this.#dropped(message));
    this.#backoff = new Backoff({ ...options.reconnect, random: options.random });
    this.#hold = new Backoff({ firstMs: HOLD_FIRST_MS, longestMs: HOLD_LONGEST_MS, random: options.random });
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Messages since the beginning. */
  get counts(): { readonly acknowledged: number; readonly failed: number; readonly dropped: number } {
    return { acknowledged: this.#acknowledged, failed: this.#failures, dropped: this.#drops };
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get waiting(): number {
    return this.#waiting.size + this.#answers.size;
  }

  get waitingBytes(): number {
    return this.#waiting.bytes + this.#answers.bytes;
  }

  /** Resolves once connected. Rejects when the attempts are used up or the signal is aborted, and when no further attempt would change anything. */
  connect({ attempts = Number.POSITIVE_INFINITY, signal }: ConnectOptions = {}): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new DeviceError('interrupted', 'The device is closed.'));
    if (this.#isPrepared) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#giveUp(new DeviceError('interrupted', 'Interrupted before there was a connection.', { cause: signal?.reason }));
      };
      const done = () => signal?.removeEventListener('abort', onAbort);
      this.#connectWaiters.push({
        resolve: () => {
          done();
          resolve();
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      if (this.#state === 'idle') {
        this.#attemptsLeft = attempts;
        void this.#open();
      }
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** False: dropped, and settled as such. */
  push(message: Outgoing): boolean {
    if (this.#state === 'closed') {
      this.#dropped(message);
      return false;
    }
    const taken = this.#waiting.push(message);
    this.#pump();
    return taken;
  }

  /** Before everything that waits; for answers. */
  pushFirst(message: Outgoing): void {
    if (this.#state === 'closed') {
      this.#dropped(message);
      return;
    }
    this.#answers.push(message);
    this.#pump();
  }

  /** On this connection, beside the window; nothing happens when there is none. */
  sendNow(topic: string, payload: string, qos: 0 | 1): void {
    this.#client?.publish(topic, payload, { qos }, ignore);
  }

  /** Resolves when the hub has agreed; rejects when it refuses, or the connection is lost. */
  subscribe(filters: readonly string[]): Promise<void> {
    const client = this.#client;
    if (client === null || this.#state !== 'connected') return Promise.reject(new DeviceError('unreachable', 'There is no connection.'));
    return new Promise((resolve, reject) => {
      client.subscribe([...filters], { qos: 1 }, (error, granted) => {
        const refused = granted?.find(({ qos }) => qos >= 0x80);
        if (error)
          reject(new DeviceError('not_allowed', `The hub does not take the subscription to ${filters.join(', ')}: ${error.message}.`, { cause: error }));
        else if (refused) reject(new DeviceError('not_allowed', `The hub does not take the subscription to ${refused.topic}.`));
        else resolve();
      });
    });
  }

  whenRoom(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#waiting.hasRoom, signal);
  }

  whenIdle(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#inFlight.size + this.waiting === 0, signal);
  }

  /** Ends this connection and makes another, with the credentials of now. */
  reconnect(): void {
    if (this.#state !== 'connected') return;
    this.#backoff.reset();
    this.#tlsSession.forget();
    this.#client?.end(true);
  }

  /** Says goodbye; what is still on its way or waits has failed. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const client = this.#client;
    const wasConnected = this.#state === 'connected';
    this.#state = 'closed';
    clearTimeout(this.#timer);
    clearTimeout(this.#holdTimer);
    this.#client = null;
    if (wasConnected) this.#observer.onDisconnected?.(null);
    const unfinished = [...this.#inFlight, ...this.#answers.clear(), ...this.#waiting.clear()];
    this.#inFlight.clear();
    const error = new DeviceError('interrupted', 'no acknowledgement before the end');
    for (const message of unfinished) this.#failed(message, error);
    this.#rejectConnect(new DeviceError('interrupted', 'The device was closed before there was a connection.'));
    this.#changed();
    if (client !== null) await goodbye(client, unfinished.length > 0 || !wasConnected);
  }

  async #open(): Promise<void> {
    this.#state = 'connecting';
    this.#attemptsLeft -= 1;
    const startedAt = performance.now();
    let options: IClientOptions;
    try {
      const given = this.#options.clientOptions();
      options = given instanceof Promise ? await given : given;
    } catch (error: unknown) {
      if (this.#state === 'connecting') this.#attemptFailed(error instanceof DeviceError ? error : explainConnectError(error, this.#options.url));
      return;
    }
    // Closed, or given up, meanwhile.
    if (this.#state !== 'connecting') return;
    // Losses are repaired here, with jitter and with a bounded store.
    const client = connect(this.#options.url, {
      ...options,
      ...this.#tlsSession.options,
      clean: true,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
    });
    this.#client = client;
    let problem: unknown = null;
    let refusal: string | undefined;
    this.#tlsSession.watch(client.stream);
    client.on('packetreceive', listenForRefusal);
    function listenForRefusal(packet: Packet): void {
      if (packet.cmd === 'connack') refusal = packet.properties?.reasonString;
    }
    client.on('connect', ({ properties }) => {
      client.off('packetreceive', listenForRefusal);
      if (client !== this.#client) return;
      // One is left for what is sent beside the window.
      this.#window = Math.max(1, Math.min(this.#options.inFlightMax, (properties?.receiveMaximum ?? 65_535) - 1));
      this.#connected(client, performance.now() - startedAt);
    });
    client.on('message', (topic, payload) => this.#options.onMessage(topic, payload));
    client.on('disconnect', (packet: IDisconnectPacket) => {
      problem ??= explainDisconnect(packet.reasonCode ?? 0, packet.properties?.reasonString, this.#options.url);
    });
    client.on('error', (error) => {
      problem ??= error;
      client.end(true);
    });
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#client = null;
      if (this.#state === 'connecting') this.#tlsSession.failed(problem);
      if (this.#state === 'connected')
        this.#lost(problem instanceof DeviceError ? problem : new DeviceError('unreachable', 'connection lost', { cause: problem }));
      else this.#attemptFailed(problem instanceof DeviceError ? problem : explainConnectError(problem ?? CLOSED_EARLY, this.#options.url, refusal));
    });
  }

  #connected(client: MqttClient, ms: number): void {
    const again = this.#established;
    this.#state = 'connected';
    this.#established = true;
    this.#connectedAt = performance.now();
    this.#observer.onConnected?.(ms, again);
    const preparing = this.#options.onConnected(again);
    const go = () => {
      if (client !== this.#client) return;
      this.#isPrepared = true;
      const waiters = this.#connectWaiters;
      this.#connectWaiters = [];
      for (const { resolve } of waiters) resolve();
      this.#pump();
      this.#changed();
    };
    if (preparing === undefined) go();
    else void preparing.then(go);
  }

  #lost(error: DeviceError): void {
    this.#isPrepared = false;
    this.#takeBack();
    if (performance.now() - this.#connectedAt >= STABLE_MS) this.#backoff.reset();
    this.#observer.onDisconnected?.(error);
    const retryInMs = this.#retry(error);
    this.#options.onDisconnected(error, retryInMs);
    this.#changed();
  }

  #attemptFailed(error: DeviceError): void {
    this.#observer.onConnectFailed?.(error);
    // Wrong credentials do not become right by themselves; a device that the hub knew once waits for somebody to put it right.
    if (!this.#established && (this.#attemptsLeft <= 0 || HOPELESS.has(error.code))) {
      this.#options.onConnectFailed(error, null);
      this.#giveUp(error);
      return;
    }
    this.#options.onConnectFailed(error, this.#retry(error));
    this.#changed();
  }

  /** As before the first attempt; what waits goes on waiting. */
  #giveUp(error: DeviceError): void {
    if (this.#state === 'closed' || this.#state === 'connected') return;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    this.#state = 'idle';
    client?.end(true);
    this.#rejectConnect(error);
    this.#changed();
  }

  #rejectConnect(error: DeviceError): void {
    const waiters = this.#connectWaiters;
    this.#connectWaiters = [];
    for (const { reject } of waiters) reject(error);
  }

  #retry(error: DeviceError): number {
    this.#state = 'waiting';
    const waitMs = this.#backoff.next(!error.isPassing);
    this.#timer = setTimeout(() => {
      if (this.#state === 'waiting') void this.#open();
    }, waitMs);
    return waitMs;
  }

  /** What was on its way is sent again: (point, time) is unique in the hub, so a repetition stores nothing twice. */
  #takeBack(): void {
    const again: Outgoing[] = [];
    for (const message of this.#inFlight) {
      if (message.qos === 0) this.#failed(message, new DeviceError('unreachable', 'connection lost'));
      else again.push(message);
    }
    this.#inFlight.clear();
    this.#waiting.unshift(again);
  }

  #pump(): void {
    while (this.#isPrepared && this.#holdTimer === undefined && this.#inFlight.size < this.#window) {
      const client = this.#client;
      if (client === null) return;
      const message = this.#answers.shift() ?? this.#waiting.shift();
      if (message === undefined) return;
      this.#send(client, message);
    }
  }

  #send(client: MqttClient, message: Outgoing): void {
    this.#inFlight.add(message);
    message.encoded ??= {
      topic: typeof message.topic === 'function' ? message.topic() : message.topic,
      payload: typeof message.payload === 'function' ? message.payload() : message.payload,
    };
    if (!message.sent) this.#observer.onSent?.(message);
    message.sent = true;
    client.publish(message.encoded.topic, message.encoded.payload, { qos: message.qos }, (error, packet) => {
      // After a lost connection its messages were taken over by the next one.
      if (client !== this.#client) return;
      // The connection ends, and nobody said no: it is taken back when it has ended.
      if (error && client.disconnecting && (packet as Acknowledgement | undefined)?.reasonCode === undefined) return;
      if (!this.#inFlight.delete(message)) return;
      if (error) this.#refused(message, explainRefusal(error, packet as Acknowledgement | undefined));
      else {
        this.#acknowledged += 1;
        if (message.qos > 0) this.#observer.onAcknowledged?.(message, performance.now() - message.handedOverAt);
        this.#hold.reset();
        message.settle(null);
      }
      this.#pump();
      this.#changed();
    });
  }

  #refused(message: Outgoing, error: DeviceError): void {
    if (this.#options.refused === 'fail' || !error.isPassing) {
      this.#failed(message, error);
      return;
    }
    this.#waiting.unshift([message]);
    this.#holdTimer ??= setTimeout(() => {
      this.#holdTimer = undefined;
      this.#pump();
    }, HOLD_FIRST_MS + this.#hold.next());
  }

  #failed(message: Outgoing, error: DeviceError): void {
    this.#failures += 1;
    this.#observer.onFailed?.(message, error);
    message.settle(error);
  }

  #dropped(message: Outgoing): void {
    this.#drops += 1;
    this.#observer.onDropped?.(message);
    message.settle(
      this.#state === 'closed'
        ? new DeviceError('interrupted', 'The device is closed.')
        : new DeviceError('limit_reached', 'There was no room for the message: the store of the device is full.', {
            hint: 'Report less often, in larger messages, or raise `store`; wait with whenRoom() where waiting is possible.',
          }),
    );
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition() && signal?.aborted !== true && this.#state !== 'closed') return;
        this.#watchers.delete(check);
        signal?.removeEventListener('abort', check);
        resolve();
      };
      this.#watchers.add(check);
      signal?.addEventListener('abort', check, { once: true });
      check();
    });
  }
}

function ignore(): void {}

/** @param force without DISCONNECT: with acknowledgements outstanding the client would wait for them */
function goodbye(client: MqttClient, force: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      client.end(true);
      resolve();
    }, GOODBYE_MS);
    client.end(force, {}, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
