import { parseFilter } from './filter.ts';
import type { AckPacket, AckType, AuthPacket, DisconnectPacket, ProtocolVersion, Qos, SubscribePacket, Subscription, UnsubscribePacket } from './packet.ts';
import { malformed, PacketError, type PacketReader, protocolError } from './packet-reader.ts';
import { NO_PROPERTIES, readProperties } from './properties.ts';
import { REASON } from './reason-codes.ts';

/** What a client may say in each packet (tables 3-4 to 3-7, 3-10 and 3-12). */
const ANSWER = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASE = new Set([0x00, 0x92]);
const CODES: Readonly<Record<AckType | 'disconnect' | 'auth', ReadonlySet<number>>> = {
  puback: ANSWER, // [MQTT-3.4.2-1]
  pubrec: ANSWER, // [MQTT-3.5.2-1]
  pubrel: RELEASE, // [MQTT-3.6.2-1]
  pubcomp: RELEASE, // [MQTT-3.7.2-1]
  disconnect: new Set([0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]), // [MQTT-3.14.2-1]
  auth: new Set([0x18, 0x19]), // [MQTT-3.15.2-1]
};

/** PUBACK, PUBREC, PUBREL, PUBCOMP. */
export function readAck<Type extends AckType>(reader: PacketReader, type: Type, version: ProtocolVersion): AckPacket<Type> {
  const packetId = reader.packetId();
  if (reader.left === 0) return { type, packetId, reasonCode: REASON.success, properties: NO_PROPERTIES };
  if (version < 5) throw malformed('an acknowledgement is longer than its content');
  const reasonCode = readReasonCode(reader, type);
  const properties = reader.left > 0 ? readProperties(reader, type) : NO_PROPERTIES;
  reader.finish();
  return { type, packetId, reasonCode, properties };
}

export function readSubscribe(reader: PacketReader, version: ProtocolVersion): SubscribePacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? readProperties(reader, 'subscribe') : NO_PROPERTIES;
  const subscriptions: Subscription[] = [];
  while (reader.left > 0) subscriptions.push(readSubscription(reader, version));
  // [MQTT-3.8.3-2]; [MQTT-3.8.3-3] in 3.1.1
  if (subscriptions.length === 0) throw protocolError('SUBSCRIBE without a filter');
  return { type: 'subscribe', packetId, subscriptions, properties };
}

function readSubscription(reader: PacketReader, version: ProtocolVersion): Subscription {
  const filter = reader.name();
  const options = reader.byte();
  const qos = options & 0x03;
  const retainHandling = (options >> 4) & 0x03;
  // [MQTT-3.8.3-5]; [MQTT-3-8.3-4] in 3.1.1, where all but the QoS is reserved
  if ((options & (version === 5 ? 0xc0 : 0xfc)) !== 0) throw malformed('a reserved subscription option is set');
  if (qos === 3) throw version === 5 ? protocolError('a subscription with QoS 3') : malformed('a subscription with QoS 3');
  if (retainHandling === 3) throw protocolError('a subscription with retain handling 3');
  const parsed = parseFilter(filter);
  if (parsed === null) throw filterInvalid();
  const noLocal = (options & 0x04) !== 0;
  // [MQTT-3.8.3-4]
  if (noLocal && parsed.shareName !== null) throw protocolError('a shared subscription with No Local');
  return {
    filter,
    shareName: parsed.shareName,
    topicFilter: parsed.topicFilter,
    options,
    qos: qos as Qos,
    noLocal,
    retainAsPublished: (options & 0x08) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

export function readUnsubscribe(reader: PacketReader, version: ProtocolVersion): UnsubscribePacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? readProperties(reader, 'unsubscribe') : NO_PROPERTIES;
  const filters: string[] = [];
  while (reader.left > 0) {
    const filter = reader.name();
    if (parseFilter(filter) === null) throw filterInvalid();
    filters.push(filter);
  }
  // [MQTT-3.10.3-2]
  if (filters.length === 0) throw protocolError('UNSUBSCRIBE without a filter');
  return { type: 'unsubscribe', packetId, filters, properties };
}

/** `sessionExpiryInterval` is that of CONNECT. */
export function readDisconnect(reader: PacketReader, version: ProtocolVersion, sessionExpiryInterval: number): DisconnectPacket {
  if (reader.left === 0) return { type: 'disconnect', reasonCode: REASON.success, properties: NO_PROPERTIES };
  if (version < 5) throw malformed('DISCONNECT has a content');
  const reasonCode = readReasonCode(reader, 'disconnect');
  const properties = reader.left > 0 ? readProperties(reader, 'disconnect') : NO_PROPERTIES;
  reader.finish();
  // Section 3.14.2.2.2: what was to end with its connection cannot be kept afterwards.
  if (sessionExpiryInterval === 0 && (properties.sessionExpiryInterval ?? 0) !== 0) {
    throw protocolError('DISCONNECT gives a session an expiry that it had not');
  }
  return { type: 'disconnect', reasonCode, properties };
}

/** `method` is the Authentication Method of CONNECT; null without one. */
export function readAuth(reader: PacketReader, method: string | null): AuthPacket {
  if (method === null) throw protocolError('AUTH without an authentication method in CONNECT'); // [MQTT-4.12.0-6]
  const reasonCode = readReasonCode(reader, 'auth');
  const properties = readProperties(reader, 'auth');
  reader.finish();
  if (properties.authenticationMethod !== method) throw protocolError('AUTH has another method than CONNECT'); // [MQTT-4.12.0-5]
  return { type: 'auth', reasonCode, properties };
}

function readReasonCode(reader: PacketReader, type: keyof typeof CODES): number {
  const code = reader.byte();
  if (!CODES[type].has(code)) throw protocolError(`a reason code does not belong into ${type.toUpperCase()}`);
  return code;
}

/** Section 4.7 calls it neither malformed nor a protocol error; the code says best what is wrong. */
function filterInvalid(): PacketError {
  return new PacketError(REASON.filterInvalid, 'a topic filter is not valid');
}
