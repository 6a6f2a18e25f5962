import { readMessageProperties } from './message-properties.ts';
import type { ClientPacket, ConnectPacket, PacketFailure, ProtocolVersion, PublishPacket, Qos } from './packet.ts';
import { malformed, PacketError, PacketReader, protocolError } from './packet-reader.ts';
import { readConnect, readProtocolLevel } from './read-connect.ts';
import { readAck, readAuth, readDisconnect, readSubscribe, readUnsubscribe } from './read-packets.ts';
import { REASON } from './reason-codes.ts';
import { TopicCache } from './topic.ts';

export interface DecoderLimits {
  /** Whole packets with their fixed header: the Maximum Packet Size of CONNACK. */
  readonly packetBytesMax: number;
  /** The same for CONNECT, whose sender nobody knows yet. */
  readonly connectBytesMax: number;
  /** The Topic Alias Maximum of CONNACK; 0: a client may not use topic aliases. */
  readonly topicAliasMax: number;
}

const CONNECT = 1;
const PUBLISH = 3;
const PUBACK = 4;
const PUBREC = 5;
const PUBREL = 6;
const PUBCOMP = 7;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const PINGREQ = 12;
const DISCONNECT = 14;
const AUTH = 15;
const FROM_SERVERS: readonly number[] = [2, 9, 11, 13];
/** Those with QoS 1 in their flags. */
const ANSWERED: readonly number[] = [PUBREL, SUBSCRIBE, UNSUBSCRIBE];

const EMPTY: Buffer = Buffer.alloc(0);
/** The first bytes of an unfinished packet get this much room. */
const GATHER_BYTES = 256;

/**
 * The packets of one client out of its bytes. The connection pushes what it reads and takes packets with `next` for as
 * long as it has room for them; one that has none leaves them here and stops reading its socket.
 *
 * Nothing is allocated for an announced length: a packet that is whole within one chunk is read where it lies, any other
 * is gathered in a buffer that grows with what has come, up to the limits. After a failure, and after DISCONNECT
 * [MQTT-3.14.4-2], the rest is dropped unread.
 *
 * What a packet and those before it cannot show is left to the broker: Receive Maximum, packet identifiers in use, empty
 * client identifiers, whether a payload is the UTF-8 that it claims to be, and rights.
 */
export class PacketDecoder {
  readonly #limits: DecoderLimits;
  readonly #reader = new PacketReader(EMPTY, 0, 0);
  readonly #topics = new TopicCache();
  /** Topic aliases of the client. */
  #aliases: Map<number, string> | null = null;
  /** What was pushed and how far it is read. */
  #chunk = EMPTY;
  #at = 0;
  /** Fixed header of the current packet: its first byte (-1 before), its length and the bits of it that are known; `#isMeasured` once it is whole. */
  #first = -1;
  #length = 0;
  #lengthBits = 0;
  #isMeasured = false;
  /** The length has more bytes than it needs. */
  #isPadded = false;
  /** A body that came in pieces, `#gatheredBytes` of it. */
  #gathered = EMPTY;
  #gatheredBytes = 0;
  #version: ProtocolVersion | null = null;
  #sessionExpiryInterval = 0;
  #authenticationMethod: string | null = null;
  #failure: PacketFailure | null = null;
  #ended = false;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** Of the CONNECT that was taken; null before. */
  get version(): ProtocolVersion | null {
    return this.#version;
  }

  /** Set once the client broke a rule: `next` gives nothing more; tell the client (encode.ts `encodeFailure`) and close. */
  get failure(): PacketFailure | null {
    return this.#failure;
  }

  /** A DISCONNECT was taken. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes that wait here, those of an unfinished packet included. */
  get bufferedBytes(): number {
    return this.#chunk.length - this.#at + this.#gatheredBytes;
  }

  /** Takes bytes; the chunk must not be written to afterwards. Meant for when `next` gave null: what still waits is copied. */
  push(chunk: Buffer): void {
    if (this.#failure !== null || this.#ended) return;
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /** The next packet; null when more bytes are needed, after a failure, and after DISCONNECT. Breaches of the protocol never throw. */
  next(): ClientPacket | null {
    if (this.#failure !== null || this.#ended) return null;
    try {
      if ((!this.#isMeasured && !this.#measure()) || !this.#gather()) {
        // What was read is let go of: an idle connection would keep a whole chunk for nothing.
        this.#chunk = EMPTY;
        this.#at = 0;
        this.#reader.bytes = EMPTY;
        return null;
      }
      this.#isMeasured = false;
      const first = this.#first;
      this.#first = -1;
      return this.#read(first);
    } catch (error: unknown) {
      if (!(error instanceof PacketError)) throw error;
      this.#fail(error.reasonCode, error.message, this.#version === 5 ? 5 : null);
      return null;
    }
  }

  /** Reads the fixed header as far as it has come; true once it is whole. Everything that it shows is checked here, before the body has come. */
  #measure(): boolean {
    const chunk = this.#chunk;
    if (this.#first < 0) {
      if (this.#at >= chunk.length) return false;
      this.#first = chunk[this.#at++] as number;
      this.#checkFirst(this.#first);
      this.#length = 0;
      this.#lengthBits = 0;
    }
    while (this.#at < chunk.length) {
      const byte = chunk[this.#at++] as number;
      this.#length |= (byte & 0x7f) << this.#lengthBits;
      this.#lengthBits += 7;
      if (byte < 0x80) {
        this.#isPadded = byte === 0 && this.#lengthBits > 7;
        this.#checkLength();
        this.#isMeasured = true;
        return true;
      }
      if (this.#lengthBits === 28) throw malformed('a length has more than four bytes'); // [MQTT-1.5.5-1]
    }
    return false;
  }

  #checkFirst(first: number): void {
    const type = first >> 4;
    const version = this.#version;
    // [MQTT-3.1.0-1] [MQTT-3.1.0-2]
    if (version === null && type !== CONNECT) throw protocolError('the first packet is not CONNECT');
    if (version !== null && type === CONNECT) throw protocolError('a second CONNECT');
    if (version === null) return;
    if (type === PUBLISH) {
      // [MQTT-3.3.1-4] [MQTT-3.3.1-2]
      if ((first & 0x06) === 0x06) throw malformed('PUBLISH with QoS 3');
      if ((first & 0x0e) === 0x08) throw malformed('PUBLISH with QoS 0 and DUP');
      return;
    }
    if (FROM_SERVERS.includes(type)) throw protocolError('a packet that only servers send');
    if (type === 0 || (type === AUTH && version !== 5)) throw malformed('a reserved packet type');
    // [MQTT-2.1.3-1]; [MQTT-2.2.2-2] in 3.1.1; [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]. MQTT 3.1 has DUP there and says of the rest that it is not used.
    if (version > 3 && (first & 0x0f) !== (ANSWERED.includes(type) ? 0x02 : 0)) throw malformed('reserved header flags');
  }

  #checkLength(): void {
    const { packetBytesMax, connectBytesMax } = this.#limits;
    const isConnect = this.#version === null;
    const bytes = 1 + this.#lengthBits / 7 + this.#length;
    if (bytes > (isConnect ? Math.min(connectBytesMax, packetBytesMax) : packetBytesMax)) {
      throw new PacketError(REASON.packetTooLarge, 'a packet is too large');
    }
    this.#checkPadding(this.#version);
  }

  /** Forbidden in MQTT 5 alone [MQTT-1.5.5-1]. */
  #checkPadding(version: ProtocolVersion | null): void {
    if (this.#isPadded && version === 5) throw malformed('a length is longer than it needs to be');
  }

  /** Puts the reader on the body of the current packet; false if it is not whole yet. */
  #gather(): boolean {
    const reader = this.#reader;
    const chunk = this.#chunk;
    const at = this.#at;
    const length = this.#length;
    const held = this.#gatheredBytes;
    const waiting = chunk.length - at;
    if (held === 0 && waiting >= length) {
      reader.bytes = chunk;
      reader.at = at;
      reader.end = this.#at = at + length;
      return true;
    }
    const taken = Math.min(waiting, length - held);
    if (held + taken > this.#gathered.length) {
      // Twice as large each time, so that a byte is copied twice at most on the average, however small the pieces are.
      const larger = Buffer.allocUnsafe(Math.min(length, Math.max(held + taken, 2 * this.#gathered.length, GATHER_BYTES)));
      this.#gathered.copy(larger, 0, 0, held);
      this.#gathered = larger;
    }
    chunk.copy(this.#gathered, held, at, at + taken);
    this.#at = at + taken;
    this.#gatheredBytes = held + taken;
    if (this.#gatheredBytes < length) return false;
    reader.bytes = this.#gathered;
    reader.at = 0;
    reader.end = length;
    this.#gathered = EMPTY;
    this.#gatheredBytes = 0;
    return true;
  }

  #read(first: number): ClientPacket | null {
    const reader = this.#reader;
    const version = this.#version;
    if (version === null) return this.#readConnect(first);
    switch (first >> 4) {
      case PUBLISH:
        return this.#readPublish(first, version);
      case PUBACK:
        return readAck(reader, 'puback', version);
      case PUBREC:
        return readAck(reader, 'pubrec', version);
      case PUBREL:
        return readAck(reader, 'pubrel', version);
      case PUBCOMP:
        return readAck(reader, 'pubcomp', version);
      case SUBSCRIBE:
        return readSubscribe(reader, version);
      case UNSUBSCRIBE:
        return readUnsubscribe(reader, version);
      case PINGREQ:
        reader.finish();
        return { type: 'pingreq' };
      case DISCONNECT: {
        const packet = readDisconnect(reader, version, this.#sessionExpiryInterval);
        this.#ended = true;
        this.#release();
        return packet;
      }
      default:
        return readAuth(reader, this.#authenticationMethod);
    }
  }

  #readConnect(first: number): ConnectPacket | null {
    const { version, answerIn } = readProtocolLevel(this.#reader);
    if (version === null) {
      this.#fail(REASON.unsupportedVersion, 'the hub speaks MQTT 3.1, 3.1.1 and 5', answerIn);
      return null;
    }
    try {
      this.#checkPadding(version);
      const packet = readConnect(this.#reader, version, first);
      this.#sessionExpiryInterval = packet.properties.sessionExpiryInterval ?? 0;
      this.#authenticationMethod = packet.properties.authenticationMethod ?? null;
      this.#version = version;
      return packet;
    } catch (error: unknown) {
      if (!(error instanceof PacketError)) throw error;
      this.#fail(error.reasonCode, error.message, version === 5 ? 5 : null);
      return null;
    }
  }

  #readPublish(first: number, version: ProtocolVersion): PublishPacket {
    const reader = this.#reader;
    const qos = ((first >> 1) & 0x03) as Qos;
    const topicAt = reader.field();
    const topicEnd = reader.at;
    const packetId = qos > 0 ? reader.packetId() : 0;
    const properties = version === 5 ? readMessageProperties(reader, false) : null;
    const topicAlias = properties === null ? null : properties.topicAlias;
    if (version === 5 && topicAt === topicEnd && topicAlias === null) throw protocolError('PUBLISH with neither topic nor alias');
    const topic = topicAlias === null ? this.#topics.decode(reader.bytes, topicAt, topicEnd) : this.#resolve(topicAlias, topicAt, topicEnd);
    const payload = reader.rest();
    return { type: 'publish', dup: (first & 0x08) !== 0, qos, retain: (first & 0x01) !== 0, topic, packetId, properties, payload };
  }

  /** The topic behind an alias, which is given with its first use (section 3.3.2.3.4). */
  #resolve(alias: number, topicAt: number, topicEnd: number): string {
    // [MQTT-3.3.2-8] [MQTT-3.3.2-9]
    if (alias === 0 || alias > this.#limits.topicAliasMax) throw new PacketError(REASON.topicAliasInvalid, 'a topic alias is out of range');
    if (topicAt === topicEnd) {
      const topic = this.#aliases?.get(alias);
      if (topic === undefined) throw protocolError('a topic alias without a topic');
      return topic;
    }
    const topic = this.#topics.decode(this.#reader.bytes, topicAt, topicEnd);
    this.#aliases ??= new Map();
    this.#aliases.set(alias, topic);
    return topic;
  }

  #fail(reasonCode: number, reason: string, version: ProtocolVersion | null): void {
    this.#failure = { reasonCode, reason, version, beforeConnect: this.#version === null };
    this.#release();
  }

  #release(): void {
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#gathered = EMPTY;
    this.#gatheredBytes = 0;
    this.#aliases = null;
    this.#reader.bytes = EMPTY;
  }
}
