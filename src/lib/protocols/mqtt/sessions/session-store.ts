import type { Principal } from '../../../access/principal.ts';
import type { DeviceId } from '../../../domain/ids.ts';
import type { BrokerChange } from '../../../storage/broker-state.ts';
import type { ChangeWriter } from './change-writer.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Outlet, Session, type Subscriber } from './session.ts';
import type { SubscriptionIndex } from './subscription-index.ts';
import type { Wills } from './wills.ts';

export interface SessionStorePorts {
  readonly writer: ChangeWriter;
  readonly dispatcher: Dispatcher;
  readonly index: SubscriptionIndex;
  readonly wills: Wills;
  readonly nextKey: () => number;
  /** Sessions of absent clients, in all and of one device. */
  readonly absentMax: number;
  readonly absentOfDeviceMax: number;
}

export interface Opened {
  readonly session: Session;
  readonly isResumed: boolean;
  /** Whose connection is to be cut: the same client came again. */
  readonly ousted: Outlet | null;
}

/** The sessions of all clients, present and absent. */
export class SessionStore {
  readonly #ports: SessionStorePorts;
  readonly #sessions = new Map<string, Session>();
  readonly #byKey = new Map<number, Session>();
  readonly #byDevice = new Map<DeviceId, Set<Session>>();
  absent = 0;

  constructor(ports: SessionStorePorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** A list of its own: sessions may be removed meanwhile. */
  ofDevice(device: DeviceId): readonly Session[] {
    return [...(this.#byDevice.get(device) ?? [])];
  }

  byKey(key: number): Session | undefined {
    return this.#byKey.get(key);
  }

  /**
   * A clean start forgets what was; otherwise the client continues where it left [MQTT-3.1.2-4] [MQTT-3.1.2-5]. The changes that CONNACK has
   * to wait for are added to `changes`.
   */
  open(
    id: string,
    principal: Principal,
    outlet: Outlet,
    options: { readonly clean: boolean; readonly expirySeconds: number; readonly now: number },
    changes: BrokerChange[],
  ): Opened {
    const known = this.#sessions.get(id);
    const ousted = known?.outlet ?? null;
    const { clean, expirySeconds, now } = options;
    // A clean session ends with its connection, and so when that is taken over.
    if (known && !clean && known.expiresAt > now && (known.outlet === null || known.expirySeconds > 0)) {
      if (known.outlet !== null) this.#ports.dispatcher.detach(known);
      else this.absent--;
      known.principal = principal;
      this.#attach(known, outlet, expirySeconds, changes);
      return { session: known, isResumed: true, ousted };
    }
    if (known) this.remove(known, changes);
    const session = new Session(this.#ports.nextKey(), id, principal);
    this.#add(session);
    this.#attach(session, outlet, expirySeconds, changes);
    return { session, isResumed: false, ousted };
  }

  /** The client has gone. Its session stays for its time, if there is room for another absent one. */
  leave(session: Session, outlet: Outlet, now: number): void {
    if (session.outlet !== outlet || session.removed) return;
    this.#ports.dispatcher.detach(session);
    session.outlet = null;
    session.leftAt = now;
    this.absent++;
    if (session.expirySeconds === 0 || this.absent > this.#ports.absentMax) {
      this.remove(session, null);
      return;
    }
    this.#makeRoomFor(session);
    this.#ports.writer.later({ kind: 'put-session', session: session.toStored() });
  }

  /** Ends a session, and sends the will that waited for that [MQTT-3.1.3-9]. Without `changes` the removal is written some time soon. */
  remove(session: Session, changes: BrokerChange[] | null): void {
    if (session.removed) return;
    const { dispatcher, index, wills, writer } = this.#ports;
    session.removed = true;
    if (session.outlet === null) this.absent--;
    for (const subscriber of session.subscriptions?.values() ?? []) index.remove(subscriber);
    session.subscriptions = null;
    dispatcher.discard(session);
    this.#sessions.delete(session.id);
    this.#byKey.delete(session.key);
    const { principal } = session;
    const others = principal.kind === 'device' ? this.#byDevice.get(principal.id) : undefined;
    if (others?.delete(session) && others.size === 0 && principal.kind === 'device') this.#byDevice.delete(principal.id);
    if (session.stored) {
      const change: BrokerChange = { kind: 'remove-session', session: session.key };
      if (changes) changes.push(change);
      else writer.later(change);
    }
    session.stored = false;
    if (session.outlet === null) wills.release(session.id);
    session.outlet = null;
  }

  /** The client changes how long its session is kept, with DISCONNECT. */
  setExpiry(session: Session, expirySeconds: number): void {
    if (session.expirySeconds === expirySeconds) return;
    session.expirySeconds = expirySeconds;
    if (session.stored && expirySeconds > 0) this.#ports.writer.later({ kind: 'put-session', session: session.toStored() });
  }

  subscribe(subscriber: Subscriber, changes: BrokerChange[]): void {
    const { session, filter, options, identifier } = subscriber;
    session.subscriptions ??= new Map();
    if (!session.subscriptions.has(filter)) session.filterLength += filter.length;
    session.subscriptions.set(filter, subscriber);
    this.#ports.index.add(subscriber);
    if (session.stored) changes.push({ kind: 'put-subscription', subscription: { session: session.key, filter, options, identifier } });
  }

  /** False when there was none. */
  unsubscribe(session: Session, filter: string, changes: BrokerChange[]): boolean {
    const subscriber = session.subscriptions?.get(filter);
    if (!subscriber) return false;
    session.subscriptions?.delete(filter);
    session.filterLength -= filter.length;
    this.#ports.index.remove(subscriber);
    if (session.stored) changes.push({ kind: 'remove-subscription', session: session.key, filter });
    return true;
  }

  /** A session from disk, of an absent client. */
  restore(session: Session): void {
    this.#add(session);
    this.absent++;
  }

  /** Forgets the sessions of absent clients whose time is over. */
  sweep(now: number): void {
    for (const session of this.#sessions.values()) if (session.outlet === null && session.expiresAt <= now) this.remove(session, null);
  }

  #add(session: Session): void {
    const { id, key, principal } = session;
    this.#sessions.set(id, session);
    this.#byKey.set(key, session);
    if (principal.kind !== 'device') return;
    const others = this.#byDevice.get(principal.id);
    if (others) others.add(session);
    else this.#byDevice.set(principal.id, new Set([session]));
  }

  /** A device that leaves one session after the other behind loses its oldest, not those of others. */
  #makeRoomFor({ principal }: Session): void {
    if (principal.kind !== 'device') return;
    const absent = this.ofDevice(principal.id).filter(({ leftAt }) => leftAt !== null);
    if (absent.length <= this.#ports.absentOfDeviceMax) return;
    this.remove(
      absent.reduce((oldest, session) => ((session.leftAt ?? 0) < (oldest.leftAt ?? 0) ? session : oldest)),
      null,
    );
  }

  #attach(session: Session, outlet: Outlet, expirySeconds: number, changes: BrokerChange[]): void {
    const isKnown = session.stored;
    session.outlet = outlet;
    session.leftAt = null;
    session.expirySeconds = expirySeconds;
    if (expirySeconds > 0) {
      session.stored = true;
      // Of a session that is on disk already, nobody needs to wait for the date.
      const change: BrokerChange = { kind: 'put-session', session: session.toStored() };
      if (isKnown) this.#ports.writer.later(change);
      else changes.push(change);
    } else if (isKnown) {
      // From here on it ends with its connection, so it must not outlive the hub either.
      this.#ports.dispatcher.forgetStored(session);
      session.stored = false;
      changes.push({ kind: 'remove-session', session: session.key });
    }
  }
}
