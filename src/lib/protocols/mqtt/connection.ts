import type { Duplex } from 'node:stream';
import type { Principal } from '../../access/principal.ts';
import type { PeerCertificate } from '../../certificates/authority.ts';
import type { Connection as PresentConnection } from '../../fleet/presence.ts';
import { PacketDecoder } from './codec/decoder.ts';
import { encodeAck, encodeConnack, encodeDisconnect, encodeFailure, PINGRESP } from './codec/encode.ts';
import type {
  AckType,
  ClientPacket,
  ConnackProperties,
  ConnectPacket,
  DisconnectPacket,
  PacketFailure,
  ProtocolVersion,
  PublishPacket,
} from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import { ConnectionOutput } from './connection-output.ts';
import { ticksOf } from './deadlines.ts';
import type { RefusalCounter } from './ports.ts';
import { type Peer, Publishing } from './publishing.ts';
import { recordTrouble } from './refusals.ts';
import type { Outlet, Session } from './sessions/session.ts';
import { subscribe, unsubscribe } from './subscribing.ts';
import type { Surroundings } from './surroundings.ts';
import type { TopicAliases } from './topic-aliases.ts';

/** Packets of one client that are handled before the others get their turn. */
const PACKETS_PER_TURN = 200;
/** No CONNECT is larger, whatever mqtt.packet-bytes-max allows: nobody knows its sender yet. */
const CONNECT_BYTES_MAX = 262_144;

/** Who is asked what is to become of a connection; see connections.ts. */
export interface ConnectionOwner {
  /** CONNECT has come. */
  connect(connection: Connection, packet: ConnectPacket): void;
  /** So much of a CONNECT has come, and not all of it. */
  unfinished(connection: Connection, bytes: number): void;
  /** It is not half-open any more. */
  answered(connection: Connection): void;
  /** It ended, but its socket has still to close. */
  closing(connection: Connection): void;
  closed(connection: Connection): void;
  refused(connection: Connection, counter: RefusalCounter): void;
  /** Calls `resume` of the connection when ingest takes messages again. */
  awaitRelief(connection: Connection, relief: Promise<void>): void;
}

export interface Origin {
  /** Unique among open connections of the hub. */
  readonly id: string;
  readonly scheme: string;
  readonly address: string | null;
  /** Of TLS, if it showed one. */
  readonly certificate: PeerCertificate | null;
  /** For its owner to call when the log-in is over. */
  readonly finished: () => void;
}

/**
 * One client: waiting for CONNECT - authenticating - open - closing - closed. It takes packets out of its decoder as long as there is room for what
 * they bring; otherwise its socket is not read. What is written in one turn of the event loop leaves in one piece.
 */
export class Connection implements Peer, Outlet {
  readonly id: string;
  readonly scheme: string;
  readonly address: string | null;
  readonly certificate: PeerCertificate | null;
  readonly socket: Duplex;
  readonly finished: () => void;
  readonly #around: Surroundings;
  readonly #owner: ConnectionOwner;
  readonly #decoder: PacketDecoder;
  readonly #output: ConnectionOutput;
  #state: 'waiting' | 'authenticating' | 'open' | 'closing' | 'closed' = 'waiting';
  /** A PUBLISH that there is no room for yet. */
  #stalled: ClientPacket | null = null;
  /** Until its device may send again. */
  #heldBack: NodeJS.Timeout | null = null;
  #isReading = true;
  #isWorking = false;
  #isYielding = false;
  #isInputOver = false;
  #isPresent = false;
  #publishing: Publishing | null = null;
  #keepAliveTicks = 0;
  /** When its credentials end by themselves, in ticks. */
  #accessEndsAt = Number.POSITIVE_INFINITY;
  /** Of the CONNECT. */
  version: ProtocolVersion = 4;
  window = 0;
  packetBytesMax = Number.POSITIVE_INFINITY;
  /** The client does not want reasons in acknowledgements. */
  wantsReasons = true;
  /** Towards the client; null: it takes none. */
  aliases: TopicAliases | null = null;
  clientId = '';
  principal: Principal | null = null;
  session: Session | null = null;
  /** The device whose connections it is counted with. */
  enteredAs: string | null = null;
  /** When it came, in ticks. */
  readonly cameAt: number;
  /** When it was heard last, or when it began to close, in ticks. */
  heardAt: number;
  /** When the client last took bytes, and how many it had taken by then. */
  #tookAt = 0;
  #taken = 0;

  constructor(around: Surroundings, owner: ConnectionOwner, socket: Duplex, origin: Origin) {
    const { settings } = around.ports;
    this.#around = around;
    this.#owner = owner;
    this.socket = socket;
    this.id = origin.id;
    this.scheme = origin.scheme;
    this.address = origin.address;
    this.certificate = origin.certificate;
    this.finished = origin.finished;
    this.cameAt = this.heardAt = around.ticks();
    this.#output = new ConnectionOutput(socket, settings['mqtt.write-buffer-bytes-max'], around.flushSoon, () => this.#drained());
    this.#decoder = new PacketDecoder({
      packetBytesMax: settings['mqtt.packet-bytes-max'],
      connectBytesMax: CONNECT_BYTES_MAX,
      topicAliasMax: settings['mqtt.topic-alias-max'],
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#ended());
    socket.on('drain', () => this.#drained());
    socket.on('error', (error: Error) => around.ports.log.debug({ protocol: this.scheme, address: this.address, error: error.message }, 'connection failed'));
    socket.on('close', () => this.#closed());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }
  get isAuthenticating(): boolean {
    return this.#state === 'authenticating';
  }
  get isEnding(): boolean {
    return this.#state === 'closing' || this.#state === 'closed';
  }

  hasRoom(): boolean {
    return this.#output.hasRoom();
  }

  // Writing

  send(bytes: Buffer): void {
    if (this.isEnding) return;
    // [MQTT-3.1.2-24]; of what has to be said, nothing can be left out.
    if (bytes.length > this.packetBytesMax) this.#end('send', null, 'the client takes no packet as large as what had to be said');
    else this.#output.add(bytes);
  }

  publish(topic: string, bytes: Buffer): void {
    if (this.isEnding) return;
    this.#output.add(this.aliases === null ? bytes : this.aliases.apply(topic, bytes, this.packetBytesMax));
  }

  acknowledge(type: AckType, packetId: number): void {
    if (!this.isEnding) this.#output.acknowledge(type, packetId);
  }

  answer(type: AckType, packetId: number, code: ReasonCode, reason: string | null): void {
    if (code === REASON.success || this.version !== 5) this.acknowledge(type, packetId);
    else this.send(encodeAck(type, 5, packetId, code, reason === null || !this.wantsReasons ? {} : { reasonString: reason }, this.packetBytesMax));
  }

  #drained(): void {
    if (this.#state !== 'open' || !this.hasRoom()) return;
    if (this.session) this.#around.dispatcher.pump(this.session);
    this.goOn();
  }

  // Reading

  #read(chunk: Buffer): void {
    if (this.isEnding) return;
    this.heardAt = this.#around.ticks();
    this.#decoder.push(chunk);
    this.#work();
    if (this.#state === 'waiting') this.#owner.unfinished(this, this.#decoder.bufferedBytes);
  }

  /** The client sends nothing more. What it sent is handled first. */
  #ended(): void {
    this.#isInputOver = true;
    if (this.#isReading) this.#work();
  }

  /** Something that was in the way has gone. */
  goOn(): void {
    if (!this.#isReading && !this.#isWorking && !this.#isYielding) this.#work();
  }

  #work(): void {
    if (this.#isWorking || this.isEnding) return;
    this.#isWorking = true;
    try {
      const hasRoom = this.#takePackets();
      if (this.isEnding) return;
      if (hasRoom) this.#startReading();
      else this.#stopReading();
    } catch (error: unknown) {
      // A bug ends this connection, not the hub.
      this.#around.ports.log.error({ protocol: this.scheme, address: this.address, client: this.clientId, error }, 'a packet could not be handled');
      this.cut(REASON.unspecified, 'the hub could not handle a packet');
    } finally {
      this.#isWorking = false;
    }
  }

  /** All that there is, or as many as may be. False: nothing more is to be read for now. */
  #takePackets(): boolean {
    const now = this.#around.ports.clock();
    for (let left = PACKETS_PER_TURN; ; left--) {
      if (this.#state !== 'waiting' && this.#state !== 'open') return false;
      if (!this.hasRoom()) {
        // `drain` goes on, once what waits here has been written.
        this.#output.flush();
        if (!this.hasRoom()) return false;
      }
      if (left === 0) {
        this.#yield();
        return false;
      }
      const packet = this.#stalled ?? this.#decoder.next();
      this.#stalled = null;
      if (packet === null) break;
      if (packet.type !== 'publish') this.#take(packet);
      else if (this.#takes(packet, now)) this.#publishingOf().publish(packet, now);
      else {
        this.#stalled = packet;
        return false;
      }
    }
    const { failure } = this.#decoder;
    if (failure !== null) {
      if (failure.beforeConnect && failure.version !== null) this.#owner.refused(this, 'refusedProtocol');
      this.#fail(failure.reasonCode as ReasonCode, failure.reason, farewellOf(failure, this.packetBytesMax));
    } else if (this.#isInputOver) this.#end('send', null, 'the client closed the connection');
    return true;
  }

  /** The others first. */
  #yield(): void {
    this.#isYielding = true;
    setImmediate(() => {
      this.#isYielding = false;
      this.#work();
    });
  }

  #takes(packet: PublishPacket, now: number): boolean {
    const publishing = this.#publishingOf();
    if (this.#around.isDraining() || this.#heldBack !== null || !publishing.hasRoom(packet.qos)) return false;
    const relief = this.#around.ports.ingest.pressure();
    if (relief !== null) {
      this.#owner.awaitRelief(this, relief);
      return false;
    }
    const delayMs = publishing.heldBackMs(packet, now);
    if (delayMs === 0) return true;
    this.#heldBack = setTimeout(() => {
      this.#heldBack = null;
      this.goOn();
    }, delayMs);
    return false;
  }

  #publishingOf(): Publishing {
    if (this.#publishing === null) {
      if (this.principal === null || this.session === null) throw new Error('a PUBLISH before the log-in');
      this.#publishing = new Publishing(this.#around, this, this.principal, this.session);
    }
    return this.#publishing;
  }

  #take(packet: Exclude<ClientPacket, { type: 'publish' }>): void {
    const { session } = this;
    if (packet.type === 'connect') {
      this.version = packet.version;
      this.#state = 'authenticating';
      this.#owner.connect(this, packet);
      return;
    }
    if (session === null) throw new Error(`a ${packet.type} before the log-in`);
    const { dispatcher } = this.#around;
    switch (packet.type) {
      case 'puback':
        dispatcher.acknowledged(session, packet.packetId, 'puback');
        return;
      case 'pubcomp':
        dispatcher.acknowledged(session, packet.packetId, 'pubcomp');
        return;
      case 'pubrec':
        dispatcher.received(session, packet.packetId, packet.reasonCode);
        return;
      case 'pubrel':
        this.#released(session, packet.packetId);
        return;
      case 'subscribe':
        subscribe(this.#around, this, session, packet);
        return;
      case 'unsubscribe':
        unsubscribe(this.#around, this, session, packet);
        return;
      case 'pingreq':
        this.send(PINGRESP);
        return;
      case 'disconnect':
        this.#disconnected(session, packet);
        return;
      default:
        // There is no authentication to go on with [MQTT-4.12.0-1].
        this.violate(REASON.protocolError, 'AUTH without an authentication method');
    }
  }

  /** PUBREL: once the identifier is free on disk, the client may use it again. */
  #released(session: Session, packetId: number): void {
    const settling = session.settling?.get(packetId);
    if (settling) {
      // It comes before our PUBREC: PUBCOMP comes after it.
      settling.afterwards(() => this.#released(session, packetId));
      return;
    }
    const isKnown = session.incoming?.delete(packetId) === true;
    if (isKnown) this.#publishing?.released(packetId);
    const answer = () => this.answer('pubcomp', packetId, isKnown ? REASON.success : REASON.packetIdNotFound, null);
    if (!session.stored) {
      answer();
      return;
    }
    // One that is not known may be on its way off the disk, by a PUBREL before.
    this.#around.writer.durable([{ kind: 'remove-incoming', session: session.key, packetId }]).then(answer, () => {
      if (isKnown) session.incoming?.add(packetId);
      this.cut(REASON.implementationSpecific, 'the hub cannot write to its disk');
    });
  }

  #disconnected(session: Session, { reasonCode, properties }: DisconnectPacket): void {
    const { sessionExpiryInterval } = properties;
    if (sessionExpiryInterval !== undefined && session.principal.kind !== 'claim')
      this.#around.store.setExpiry(session, expiryOf(this.#around, sessionExpiryInterval));
    // A will that is asked for is sent [MQTT-3.1.2-8]; any other is forgotten [MQTT-3.14.4-3].
    this.#end(
      reasonCode === REASON.success ? 'forget' : 'send',
      null,
      reasonCode === REASON.success ? 'the client disconnected' : `the client disconnected with reason code ${reasonCode}`,
    );
  }

  #stopReading(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.socket.pause();
  }

  #startReading(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    // Nothing was read for a while, by our own will.
    this.heardAt = this.#around.ticks();
    this.socket.resume();
  }

  // Coming and going

  /** The log-in was right and the session is on disk. */
  accept(sessionPresent: boolean, properties: ConnackProperties, keepAliveSeconds: number, accessEndsAt: number | null): void {
    if (this.#state !== 'authenticating' || this.session === null) return;
    this.#state = 'open';
    this.#keepAliveTicks = keepAliveSeconds === 0 ? 0 : ticksOf(keepAliveSeconds * 1500);
    this.heardAt = this.#around.ticks();
    if (accessEndsAt !== null) this.#accessEndsAt = this.heardAt + ticksOf(accessEndsAt - this.#around.ports.clock());
    this.send(encodeConnack(this.version, { reasonCode: REASON.success, sessionPresent, properties }, this.packetBytesMax));
    if (this.isEnding) return;
    this.#owner.answered(this);
    this.#appear();
    this.#around.dispatcher.pump(this.session);
    for (const { topicFilter } of this.session.subscriptions?.values() ?? []) this.#around.listening(this.session, topicFilter);
    this.goOn();
  }

  /** CONNACK with a reason, and the end. */
  refuse(code: ReasonCode, reason: string, counter: RefusalCounter): void {
    if (this.isEnding) return;
    this.#owner.refused(this, counter);
    const properties = this.version === 5 ? { reasonString: reason } : {};
    this.#end('forget', encodeConnack(this.version, { reasonCode: code, sessionPresent: false, properties }, this.packetBytesMax), reason);
  }

  /** Ends the connection, for MQTT 5 with the reason. `will`: what becomes of it. */
  cut(code: ReasonCode, reason: string, will: 'send' | 'keep' = 'send'): void {
    if (this.isEnding) return;
    this.#around.ports.log.debug({ protocol: this.scheme, address: this.address, client: this.clientId, reason }, 'connection cut');
    const farewell = this.#state === 'open' && this.version === 5 ? encodeDisconnect(code, { reasonString: reason }, this.packetBytesMax) : null;
    this.#end(will, farewell, reason);
  }

  /** The client broke a rule. */
  violate(code: ReasonCode, reason: string): void {
    if (this.isEnding) return;
    const farewell = this.#state === 'open' && this.version === 5 ? encodeDisconnect(code, { reasonString: reason }, this.packetBytesMax) : null;
    this.#fail(code, reason, farewell);
  }

  /** Nobody waits for a last word. */
  destroy(): void {
    this.socket.destroy();
  }

  /** What time does to a connection; called at each tick. */
  tick(now: number, idleWriteTicks: number): void {
    if (this.#state !== 'open') return;
    if (now >= this.#accessEndsAt) {
      this.cut(REASON.notAuthorized, 'the token has expired');
      return;
    }
    // While we do not read, the silence is ours.
    if (this.#keepAliveTicks > 0 && this.#isReading && now - this.heardAt > this.#keepAliveTicks) {
      this.#around.counters.keepAliveTimeouts++;
      this.cut(REASON.keepAliveTimeout, 'nothing was heard for one and a half times the keep-alive');
      return;
    }
    if (idleWriteTicks === 0) return;
    const { taken } = this.#output;
    if (this.socket.writableLength === 0 || taken !== this.#taken) {
      this.#taken = taken;
      this.#tookAt = now;
    } else if (now - this.#tookAt > idleWriteTicks) {
      this.#around.ports.log.debug({ protocol: this.scheme, address: this.address, client: this.clientId }, 'the client takes nothing');
      this.#end('send', null, 'the client took nothing of what was sent to it');
      this.destroy();
    }
  }

  #fail(code: ReasonCode, reason: string, farewell: Buffer | null): void {
    if (this.isEnding) return;
    this.#around.counters.violations++;
    const device = this.principal?.kind === 'device' ? this.principal.id : undefined;
    const tooLarge = code === REASON.packetTooLarge;
    recordTrouble(
      this.#around,
      { device, scheme: this.scheme, address: this.address },
      { code: tooLarge ? 'payload_too_large' : 'protocol_error', step: 'receive', reason },
    );
    this.#around.ports.log.debug({ protocol: this.scheme, address: this.address, client: this.clientId, reason }, 'connection cut');
    this.#end('send', farewell, reason);
  }

  /** The last bytes are written and what still comes is thrown away: unread bytes would take the farewell along. */
  #end(will: 'send' | 'keep' | 'forget', farewell: Buffer | null, reason: string): void {
    if (this.isEnding) return;
    if (farewell !== null) this.send(farewell);
    this.#output.flush();
    this.#state = 'closing';
    if (this.#heldBack !== null) clearTimeout(this.#heldBack);
    this.#leave(will);
    this.#disappear(reason);
    this.#stalled = null;
    this.#publishing = null;
    this.heardAt = this.#around.ticks();
    this.#owner.closing(this);
    this.socket.end();
    this.socket.resume();
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'closing') this.#leave('send');
    if (this.#heldBack !== null) clearTimeout(this.#heldBack);
    this.#state = 'closed';
    this.#stalled = null;
    this.#output.drop();
    this.#disappear('the connection was lost');
    this.#owner.closed(this);
  }

  #leave(will: 'send' | 'keep' | 'forget'): void {
    const { session } = this;
    if (session === null) return;
    const { store, wills, ports, isStopping } = this.#around;
    const now = ports.clock();
    if (will === 'forget') wills.forget(session.id);
    // The end of the hub is no death of its clients.
    else if (will === 'send' && !isStopping()) wills.lose(session.id, now, session.removed ? 0 : session.expirySeconds);
    store.leave(session, this, now);
  }

  #appear(): void {
    if (this.principal?.kind !== 'device' || this.#isPresent) return;
    this.#isPresent = true;
    const connection: PresentConnection = {
      id: this.id,
      device: this.principal.id,
      protocol: this.scheme,
      address: this.address,
      client: clientOf(this.clientId),
      credential: this.principal.credential,
    };
    this.#around.ports.presence.connected(connection, this.#around.ports.clock());
  }

  #disappear(reason: string): void {
    if (!this.#isPresent) return;
    this.#isPresent = false;
    this.#around.ports.presence.disconnected(this.id, this.#around.ports.clock(), reason);
  }
}

/** The identifier as its client gave it: behind the room of its principal (sessionId). */
function clientOf(sessionId: string): string {
  return sessionId.split('/').slice(3).join('/');
}

/** To a client of another version than we speak, as little as can be said: who knows what else it understands. */
function farewellOf(failure: PacketFailure, packetBytesMax: number): Buffer | null {
  const { reasonCode, version } = failure;
  if (reasonCode === REASON.unsupportedVersion && version !== null) return encodeConnack(version, { reasonCode, sessionPresent: false });
  return encodeFailure(failure, packetBytesMax);
}

/** Session Expiry Interval that never ends (MQTT 5 section 3.1.2.11.2). */
const NEVER_EXPIRES = 0xffff_ffff;

/** What a client gets of what it asks for, in seconds. */
export function expiryOf({ ports }: Surroundings, wanted: number): number {
  const max = ports.settings['mqtt.session-expiry-max-seconds'];
  const seconds = wanted >= NEVER_EXPIRES ? Number.POSITIVE_INFINITY : wanted;
  return max > 0 ? Math.min(seconds, max) : seconds;
}
