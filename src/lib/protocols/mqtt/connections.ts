import type { Duplex } from 'node:stream';
import type { Principal } from '../../access/principal.ts';
import type { PeerCertificate } from '../../certificates/authority.ts';
import { messageOf } from '../../errors/muster-error.ts';
import type { ConnectPacket } from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import { admit } from './connect.ts';
import type { Finished } from './connect-pacer.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { ticksOf } from './deadlines.ts';
import type { RefusalCounter } from './ports.ts';
import { recordTrouble } from './refusals.ts';
import type { Surroundings } from './surroundings.ts';

/** Sockets beyond mqtt.connections-max that are let in to be refused in words. */
const REFUSAL_ROOM = 100;
/** What connections without a whole CONNECT may have sent in all, those with less than a little not counted. */
const UNFINISHED_BYTES_MAX = 16 * 1024 * 1024;
const UNFINISHED_BYTES_MIN = 4_096;
/** An answer that the client does not take is given up after this. */
const LAST_WORD_TICKS = ticksOf(1_000);

/** The open connections, and how many of what kind there may be. */
export class Connections implements ConnectionOwner {
  readonly #around: Surroundings;
  readonly #connectionsMax: number;
  readonly #all = new Set<Connection>();
  /** In the order of their arrival. */
  readonly #halfOpen = new Set<Connection>();
  /** In the order of their end. */
  readonly #closing = new Set<Connection>();
  /** Bytes of unfinished CONNECTs, in the order of their growth beyond a little. */
  readonly #unfinished = new Map<Connection, number>();
  #unfinishedBytes = 0;
  readonly #byAddress = new Map<string, number>();
  readonly #byDevice = new Map<string, number>();
  /** Connections that wait until ingest takes messages again. */
  #relieved: Connection[] = [];
  #awaited: Promise<void> | null = null;
  #lastId = 0;

  constructor(around: Surroundings, connectionsMax: number) {
    this.#around = around;
    this.#connectionsMax = connectionsMax;
  }

  get size(): number {
    return this.#all.size;
  }
  get halfOpen(): number {
    return this.#halfOpen.size;
  }
  all(): Iterable<Connection> {
    return this.#all;
  }

  /** `finished` is called when the log-in is over, or the connection. */
  accept(socket: Duplex, scheme: string, address: string | null, certificate: PeerCertificate | null, finished: Finished = () => {}): void {
    const { settings } = this.#around.ports;
    // It has gone already, and its guesses could be counted for nobody.
    if (address === null) {
      finished();
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    if (this.#around.isDraining() || this.#all.size >= this.#connectionsMax + REFUSAL_ROOM) {
      this.#count(this.#around.isDraining() ? 'refusedUnavailable' : 'refusedFull');
      finished();
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const connection = new Connection(this.#around, this, socket, { id: `mqtt:${++this.#lastId}`, scheme, address, certificate, finished });
    this.#all.add(connection);
    this.#halfOpen.add(connection);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    if (this.#halfOpen.size <= settings['mqtt.half-open-max']) return;
    for (const oldest of this.#halfOpen) {
      // One whose log-in is being checked has done its part.
      if (oldest.isAuthenticating) continue;
      this.#cutHalfOpen(oldest);
      return;
    }
    this.#cutHalfOpen(connection);
  }

  unfinished(connection: Connection, bytes: number): void {
    if (bytes < UNFINISHED_BYTES_MIN) return;
    this.#unfinishedBytes += bytes - (this.#unfinished.get(connection) ?? 0);
    this.#unfinished.set(connection, bytes);
    for (const oldest of this.#unfinished.keys()) {
      if (this.#unfinishedBytes <= UNFINISHED_BYTES_MAX) return;
      this.#cutHalfOpen(oldest);
    }
  }

  connect(connection: Connection, packet: ConnectPacket): void {
    const { ports } = this.#around;
    this.#finished(connection);
    const refuse = (code: ReasonCode, reason: string, counter: RefusalCounter, device?: string) => {
      const { scheme, address } = connection;
      const user = packet.username?.slice(0, 128);
      ports.log.info({ protocol: scheme, address, user, reason }, 'connection refused');
      const locked = counter === 'refusedLogIn' && code === REASON.quotaExceeded;
      recordTrouble(
        this.#around,
        { device: device ?? packet.username ?? undefined, scheme, address },
        { code: locked ? 'locked_out' : 'not_logged_in', step: 'connect', reason },
      );
      connection.refuse(code, reason, counter);
    };
    const objection = this.#objectionTo(connection);
    if (objection !== null) {
      refuse(objection.code, objection.reason, objection.counter);
      return;
    }
    admit(this.#around, connection, packet, { refuse, enter: (principal) => this.#enter(connection, principal) }).catch((error: unknown) => {
      ports.log.error({ protocol: connection.scheme, address: connection.address, error: messageOf(error) }, 'a connection could not be opened');
      refuse(REASON.serverUnavailable, 'the hub cannot open the session now', 'refusedUnavailable');
    });
  }

  answered(connection: Connection): void {
    connection.finished();
    this.#halfOpen.delete(connection);
  }

  closing(connection: Connection): void {
    connection.finished();
    this.#finished(connection);
    this.#halfOpen.delete(connection);
    this.#leave(connection);
    this.#closing.add(connection);
  }

  closed(connection: Connection): void {
    connection.finished();
    this.#all.delete(connection);
    this.#finished(connection);
    this.#halfOpen.delete(connection);
    this.#closing.delete(connection);
    this.#leave(connection);
    const { address } = connection;
    if (address !== null) lower(this.#byAddress, address);
  }

  refused(_connection: Connection, counter: RefusalCounter): void {
    this.#count(counter);
  }

  awaitRelief(connection: Connection, relief: Promise<void>): void {
    this.#relieved.push(connection);
    if (this.#awaited === relief) return;
    this.#awaited = relief;
    const goOn = () => {
      if (this.#awaited === relief) this.#awaited = null;
      const waiting = this.#relieved;
      this.#relieved = [];
      for (const each of waiting) each.goOn();
    };
    relief.then(goOn, goOn);
  }

  /** What is due by the shared clock. */
  tick(now: number): void {
    const { settings } = this.#around.ports;
    const connectTicks = ticksOf(settings['mqtt.connect-timeout-ms']);
    for (const connection of this.#halfOpen) {
      if (now - connection.cameAt < connectTicks) break;
      if (!connection.isAuthenticating) this.#cutHalfOpen(connection);
    }
    for (const connection of this.#closing) {
      if (now - connection.heardAt <= LAST_WORD_TICKS) break;
      connection.destroy();
    }
    const idleWriteTicks = ticksOf(settings['mqtt.idle-write-timeout-ms']);
    for (const connection of this.#all) connection.tick(now, idleWriteTicks);
  }

  /** What there is against any connection, whoever it is. */
  #objectionTo({ address }: Connection): { readonly code: ReasonCode; readonly reason: string; readonly counter: RefusalCounter } | null {
    if (this.#around.isDraining()) return { code: REASON.serverUnavailable, reason: 'the hub is stopping', counter: 'refusedUnavailable' };
    if (this.#all.size > this.#connectionsMax) return { code: REASON.serverUnavailable, reason: 'the hub takes no more connections', counter: 'refusedFull' };
    const perAddress = this.#around.ports.settings['mqtt.connections-per-address-max'];
    if (address === null || (this.#byAddress.get(address) ?? 0) <= perAddress) return null;
    return { code: REASON.quotaExceeded, reason: `more than ${perAddress} connections from this address`, counter: 'refusedPerAddress' };
  }

  /** Whoever holds the token of a claim must not hold all connections of the hub. How many there may be, when there is no place; else null. */
  #enter(connection: Connection, principal: Principal): number | null {
    const { settings } = this.#around.ports;
    if (principal.kind !== 'device' && principal.kind !== 'claim') return null;
    const max = principal.kind === 'device' ? settings['mqtt.connections-per-device-max'] : settings['mqtt.connections-per-claim-max'];
    // Names hold no slash: a claim is never taken for a device.
    const key = principal.kind === 'device' ? principal.id : `${principal.project}/${principal.id}`;
    const count = this.#byDevice.get(key) ?? 0;
    if (count >= max) return max;
    this.#byDevice.set(key, count + 1);
    connection.enteredAs = key;
    return null;
  }

  #leave(connection: Connection): void {
    if (connection.enteredAs === null) return;
    lower(this.#byDevice, connection.enteredAs);
    connection.enteredAs = null;
  }

  #finished(connection: Connection): void {
    this.#unfinishedBytes -= this.#unfinished.get(connection) ?? 0;
    this.#unfinished.delete(connection);
  }

  #cutHalfOpen(connection: Connection): void {
    this.#count('refusedHalfOpen');
    connection.cut(REASON.unspecified, 'no CONNECT came in time');
    connection.destroy();
  }

  #count(counter: RefusalCounter): void {
    this.#around.counters.refusedConnections++;
    this.#around.counters[counter]++;
  }
}

function lower(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}
