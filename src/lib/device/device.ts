import { EventEmitter } from 'node:events';
import type { IClientOptions } from 'mqtt';
import { isName, NAME_RULE } from '../domain/ids.ts';
import { messageOf } from '../errors/muster-error.ts';
import { claimIdentity, newProof } from './claiming.ts';
import { baseOptions, certificateOf, signInOptions, tlsOptions } from './client-options.ts';
import type { CallHandler, ConfigHandler, SetHandler } from './commands.ts';
import { DeviceError } from './device-error.ts';
import { type AlarmReport, Endpoint } from './endpoint.ts';
import type { DeviceEvents } from './events.ts';
import { HubClock } from './hub-clock.ts';
import { type ConnectOptions, HubLink } from './hub-link.ts';
import type { ClaimedIdentity, Identity, IdentityStore } from './identity.ts';
import type { Claim, Credential, DeviceOptions } from './options.ts';
import { ownKey, signingRequest } from './own-key.ts';
import { Renewal } from './renewal.ts';
import type { Report, Values } from './report.ts';
import { TimeSync } from './time-sync.ts';
import { deviceTopic, readDeviceTopic } from './topics.ts';

const SYNC_EVERY_MS = 3_600_000;
const DEATH = JSON.stringify({ reason: 'connection lost' });
const DRAIN_MS = 5_000;

export interface CloseOptions {
  /** How long to wait for what is on its way or waits; then it has failed. @default 5000 */
  readonly drainMs?: number;
}

/** Messages; `acknowledged`, `failed` and `dropped` since the beginning, the others now. */
export interface DeviceCounts {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly inFlight: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly dropped: number;
}

/**
 * A device at its hub: one identity, one connection that is made again when it is lost, a store for what cannot be sent, handlers for what is asked. Nothing happens before `connect()`,
 * but what is reported until then waits.
 */
export class Device extends EventEmitter<DeviceEvents> {
  protected readonly link: HubLink;
  readonly #options: DeviceOptions;
  readonly #own: Endpoint;
  readonly #clock = new HubClock();
  readonly #sync: TimeSync;
  readonly #renewal: Renewal;
  #me: { readonly id: string; readonly credential: Credential } | null;
  #proof: string | null = null;
  #key: string | null = null;
  #syncTimer: NodeJS.Timeout | undefined;
  #isListeningSoon = false;

  constructor(options: DeviceOptions) {
    super();
    if (options.id !== undefined && !isName(options.id))
      throw new DeviceError('invalid_name', `"${options.id}" cannot be the id of a device.`, { hint: `Take ${NAME_RULE}.` });
    if (options.claim?.key !== undefined && !/^(mqtts|wss):/i.test(options.url))
      throw new DeviceError('usage', 'A certificate is for mqtts:// or wss://.', { hint: 'Without `claim.key` the device gets a token.' });
    this.#options = options;
    this.#me = options.id === undefined || options.credential === undefined ? null : { id: options.id, credential: options.credential };
    const { firstMs = 1_000, longestMs = 60_000 } = options.reconnect ?? {};
    const { messagesMax = 10_000, bytesMax = 16_777_216, whenFull = 'drop-oldest' } = options.store ?? {};
    const observer = options.observer ?? {};
    this.link = new HubLink({
      url: options.url,
      clientOptions: () => (this.#me === null ? this.#identify().then((me) => this.#signIn(me)) : this.#signIn(this.#me)),
      inFlightMax: options.inFlightMax ?? 50,
      store: { messagesMax, bytesMax, whenFull },
      reconnect: { firstMs, longestMs },
      refused: options.refused ?? 'retry',
      random: options.random ?? Math.random,
      observer: {
        onSent: (message) => observer.onSent?.(message),
        onAcknowledged: (message, ms) => observer.onAcknowledged?.(message, ms),
        onFailed: (message, error) => {
          observer.onFailed?.(message, error);
          if (error.code !== 'interrupted') this.emit('refused', { error });
        },
        onDropped: (message) => {
          observer.onDropped?.(message);
          this.emit('dropped', { values: message.values });
        },
        onConnected: (ms, again) => observer.onConnected?.(ms, again),
        onDisconnected: (error) => observer.onDisconnected?.(error),
        onConnectFailed: (error) => observer.onConnectFailed?.(error),
      },
      onConnected: (again) => this.#prepare(again),
      onDisconnected: (error, retryInMs) => {
        clearTimeout(this.#syncTimer);
        this.#sync.stop();
        this.emit('disconnected', { error, retryInMs });
      },
      onConnectFailed: (error, retryInMs) => this.emit('connectFailed', { error, retryInMs }),
      onMessage: (topic, payload) => this.#onMessage(topic, payload),
    });
    this.#sync = new TimeSync({
      clock: this.#clock,
      ask: (payload) => this.#sendNow('time', payload, 0),
      onMeasured: () => this.emit('timeSynced', { offsetMs: this.#clock.offsetMs ?? 0, roundTripMs: this.#clock.roundTripMs ?? 0 }),
    });
    this.#renewal = new Renewal({
      now: () => this.#clock.now(),
      ask: (payload) => this.#sendNow('renew', payload, 1),
      request: () => (this.#key !== null && this.#me !== null && 'certificate' in this.#me.credential ? signingRequest(this.#key) : null),
      isConnected: () => this.link.isConnected,
      onRenewed: async (renewed) => {
        const id = this.id;
        if (id === null) return;
        const device = { id, ...renewed };
        // Kept first: used before it is kept, it would be lost with the power, and the old one is gone then.
        await this.#options.identity?.save(this.#kept(device));
        this.#me = { id, credential: this.#credentialOf(device) };
        this.emit('renewed', { expiresAt: renewed.expiresAt });
      },
      onFailed: (error) => this.emit('renewFailed', { error }),
    });
    this.#own = this.endpoint(() => this.id);
  }

  /** null: not known before it is claimed. */
  get id(): string | null {
    return this.#me?.id ?? null;
  }

  get isConnected(): boolean {
    return this.link.isConnected;
  }

  /** What time it is at the hub, as far as the device knows. */
  get clock(): Pick<HubClock, 'now' | 'offsetMs' | 'roundTripMs' | 'isKnown'> {
    return this.#clock;
  }

  get counts(): DeviceCounts {
    const { waiting, waitingBytes, inFlight, counts } = this.link;
    return { waiting, waitingBytes, inFlight, ...counts };
  }

  /**
   * Resolves once it is connected and listens. It tries until then, and again after every loss; rejects when the attempts are used up or the signal is aborted, and when the
   * hub says on the first connection that the credentials are wrong (`not_logged_in`).
   */
  connect(options: ConnectOptions = {}): Promise<void> {
    return this.link.connect(options);
  }

  /** Values of one time. Resolves when the hub has them on disk; rejects with a DeviceError when they are refused or dropped. A promise that nobody waits for ends no program. */
  report(values: Values, options: Pick<Report, 'time' | 'quality'> = {}): Promise<void> {
    return this.#own.report(values, options);
  }

  /** Values of several times in one message. */
  reportAll(reports: readonly Report[]): Promise<void> {
    return this.#own.reportAll(reports);
  }

  /** An alarm that the device found itself. */
  alarm(report: AlarmReport): Promise<void> {
    return this.#own.alarm(report);
  }

  /** Wanted values of parameters and set points. The handler returns when they are in force, or throws `Rejected`. One at a time. */
  onSet(handler: SetHandler): void {
    this.#own.onSet(handler);
  }

  /** A call of that name; null: every other. What the handler returns is the result. */
  onCall(name: string | null, handler: CallHandler): void {
    this.#own.onCall(name, handler);
  }

  /** A whole configuration document. One at a time, also beside sets. */
  onConfig(handler: ConfigHandler): void {
    this.#own.onConfig(handler);
  }

  /** Resolves when the store has room again, or the signal is aborted: for who would rather wait than lose. */
  whenRoom(signal?: AbortSignal): Promise<void> {
    return this.link.whenRoom(signal);
  }

  /** Resolves when nothing is on its way and nothing waits, or the signal is aborted. */
  whenIdle(signal?: AbortSignal): Promise<void> {
    return this.link.whenIdle(signal);
  }

  /** A new token, now; it is saved in the `identity` before it is used with the next connection. By itself it is renewed when two thirds of its time are over. */
  async renew(): Promise<void> {
    await this.#renewal.renew();
  }

  /** Waits for what is on its way, as long as there is a connection; says goodbye. Idempotent. */
  async close({ drainMs = DRAIN_MS }: CloseOptions = {}): Promise<void> {
    if (drainMs > 0 && this.link.isConnected) await this.link.whenIdle(AbortSignal.timeout(drainMs));
    clearTimeout(this.#syncTimer);
    this.#sync.stop();
    this.#renewal.stop();
    await this.link.close();
  }

  /** For what stands behind a gateway. */
  protected endpoint(id: () => string | null): Endpoint {
    return new Endpoint({
      link: this.link,
      clock: this.#clock,
      id,
      qos: this.#options.qos ?? 1,
      format: this.#options.format ?? 'json',
      onHandlerFailed: (command, error) => this.emit('handlerFailed', { command, error }),
      onListening: () => this.#listenSoon(),
    });
  }

  /** Topics that the device listens to. */
  protected filters(): readonly string[] {
    return this.#own.filters;
  }

  protected onDeviceMessage(_device: string, kind: string, payload: Buffer): void {
    this.#own.onMessage(kind, payload);
  }

  /** What has to be told on a new connection before everything else. */
  protected announce(): void {
    const about = typeof this.#options.about === 'function' ? this.#options.about() : this.#options.about;
    if (about !== undefined) this.#sendNow('birth', JSON.stringify({ ts: this.#clock.now(), ...about }), 1);
  }

  #prepare(again: boolean): Promise<void> | undefined {
    this.announce();
    const withTime = this.#options.timeSync !== false;
    const filters = this.#allFilters();
    const done = (): void => {
      this.emit('connected', { again });
    };
    if (filters.length === 0) {
      done();
      return undefined;
    }
    return this.#listen(filters).then(async () => {
      if (withTime) await this.#measure();
      done();
    });
  }

  #allFilters(): readonly string[] {
    const id = this.id;
    if (id === null) return [];
    const filters = [...this.filters()];
    if (this.#options.timeSync !== false) filters.push(deviceTopic(id, 'time'));
    if (this.#options.identity !== undefined) filters.push(deviceTopic(id, 'renew/result'));
    return filters;
  }

  async #listen(filters: readonly string[]): Promise<void> {
    try {
      await this.link.subscribe(filters);
    } catch (error: unknown) {
      // A connection that was lost is told otherwise.
      if (error instanceof DeviceError && error.code === 'not_allowed' && this.link.isConnected) this.emit('refused', { error });
    }
  }

  /** Handlers that come one after the other make one subscription. */
  #listenSoon(): void {
    if (this.#isListeningSoon || !this.link.isConnected) return;
    this.#isListeningSoon = true;
    queueMicrotask(() => {
      this.#isListeningSoon = false;
      if (this.link.isConnected) void this.#listen(this.#allFilters());
    });
  }

  async #measure(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = setTimeout(() => void this.#measure(), SYNC_EVERY_MS);
    this.#syncTimer.unref();
    await this.#sync.measure();
  }

  #onMessage(topic: string, payload: Buffer): void {
    const read = readDeviceTopic(topic);
    if (read === null) return;
    if (read.device === this.id && read.kind === 'time') this.#sync.onMessage(payload);
    else if (read.device === this.id && read.kind === 'renew/result') this.#renewal.onMessage(payload);
    else this.onDeviceMessage(read.device, read.kind, payload);
  }

  #sendNow(kind: 'time' | 'renew' | 'birth', payload: string, qos: 0 | 1): void {
    const id = this.id;
    if (id !== null) this.link.sendNow(deviceTopic(id, kind), payload, qos);
  }

  #signIn({ id, credential }: { readonly id: string; readonly credential: Credential }): IClientOptions {
    const { about, tls } = this.#options;
    const will = about === undefined ? {} : { will: { topic: deviceTopic(id, 'death'), payload: Buffer.from(DEATH), qos: 1 as const, retain: false } };
    return { ...baseOptions(this.#options), ...signInOptions(id, credential), ...tlsOptions(tls, certificateOf(credential)), ...will };
  }

  /** Who it is: as it was kept, or as the hub says when it is claimed. */
  async #identify(): Promise<{ readonly id: string; readonly credential: Credential }> {
    const { identity: store, claim } = this.#options;
    if (store === undefined) throw new DeviceError('usage', 'The device has neither an id with a credential nor an identity.');
    const known = await store.load();
    this.#proof = known?.proof ?? null;
    this.#key = known?.key ?? null;
    const device = known?.device ?? (await this.#claim(store, known, claim));
    this.#me = { id: device.id, credential: this.#credentialOf(device) };
    this.#renewal.plan(device.expiresAt);
    return this.#me;
  }

  #kept(device: ClaimedIdentity | null): Identity {
    return { proof: this.#proof ?? newProof(), ...(this.#key !== null && { key: this.#key }), device };
  }

  #credentialOf({ token, certificate }: ClaimedIdentity): Credential {
    return token === undefined ? { certificate: { cert: certificate, key: this.#key ?? '' } } : { token };
  }

  async #claim(store: IdentityStore, known: Identity | null, claim: Claim | undefined): Promise<ClaimedIdentity> {
    if (claim === undefined)
      throw new DeviceError('not_logged_in', 'The device has no identity yet, and no claim to get one.', { hint: 'Give `claim` with the token of a claim.' });
    this.#proof = known?.proof ?? newProof();
    this.#key = known?.key ?? (claim.key === undefined ? null : await ownKey(claim.key));
    // Before the question: with it the device can ask again when the answer is lost.
    if (known === null || (known.key ?? null) !== this.#key) await save(store, this.#kept(null));
    const tls = tlsOptions(this.#options.tls, certificateOf(claim.credential));
    const { device, state } = await claimIdentity(
      this.#options.url,
      { ...baseOptions(this.#options), ...tls },
      claim,
      this.#proof,
      this.#key === null ? null : signingRequest(this.#key),
    );
    await save(store, this.#kept(device));
    this.emit('claimed', { id: device.id, state });
    return device;
  }
}

async function save(store: IdentityStore, identity: Identity): Promise<void> {
  try {
    await store.save(identity);
  } catch (error: unknown) {
    throw new DeviceError('invalid', `The identity cannot be kept: ${messageOf(error)}.`, {
      cause: error,
      hint: 'Without a place for it the device could not come back.',
    });
  }
}
