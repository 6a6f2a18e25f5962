import type { AckProperties, AckType, AuthProperties, ConnackProperties, DisconnectProperties, PacketFailure, Properties, ProtocolVersion } from './packet.ts';
import { encodeProperties, encodeVariable } from './property-bytes.ts';
import { connectReturnOf, REASON } from './reason-codes.ts';

// What the hub sends, but for PUBLISH (encode-publish.ts). In all of these, `packetBytesMax` is the client's Maximum Packet
// Size (Infinity without one): User Properties, and then the Reason String, are left out when they would not fit
// ([MQTT-3.2.2-19] [MQTT-3.2.2-20] and their like); all properties are before MQTT 5. Texts are cut to 65,535 bytes.
// Whether a client wants reasons at all (Request Problem Information) is the broker's to know.

const CONNACK = 0x20;
const SUBACK = 0x90;
const UNSUBACK = 0xb0;
const DISCONNECT = 0xe0;
const AUTH = 0xf0;
const ACKS: Readonly<Record<AckType, number>> = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 };
/** SUBACK of MQTT 3.1.1 knows one failure. */
const FAILURE = 0x80;

export const PINGRESP: Buffer = Buffer.from([0xd0, 0]);
/** Bytes of an acknowledgement with reason code 0. */
export const ACK_BYTES = 4;

export interface Connack {
  /** Of MQTT 5 for every version: older ones get the return code that says the same. */
  readonly reasonCode: number;
  /** Left out of a refusal [MQTT-3.2.2-6]; [MQTT-3.2.2-4] in 3.1.1. MQTT 3.1 does not know it. */
  readonly sessionPresent: boolean;
  readonly properties?: ConnackProperties;
}

export function encodeConnack(version: ProtocolVersion, { reasonCode, sessionPresent, properties = {} }: Connack, packetBytesMax = Infinity): Buffer {
  const flags = sessionPresent && reasonCode === REASON.success && version > 3 ? 1 : 0;
  if (version < 5) return Buffer.from([CONNACK, 2, flags, connectReturnOf(reasonCode)]);
  return withProperties(CONNACK, [flags, reasonCode], properties, [], packetBytesMax);
}

export function encodeAck(
  type: AckType,
  version: ProtocolVersion,
  packetId: number,
  reasonCode: number = REASON.success,
  properties: AckProperties = {},
  packetBytesMax = Infinity,
): Buffer {
  if (version < 5 || (reasonCode === REASON.success && isEmpty(properties))) {
    const bytes = Buffer.allocUnsafe(ACK_BYTES);
    writeAck(type, bytes, 0, packetId);
    return bytes;
  }
  const head = [...identifierBytes(packetId), reasonCode];
  return isEmpty(properties) ? plain(ACKS[type], head) : withProperties(ACKS[type], head, properties, [], packetBytesMax);
}

/** Writes an acknowledgement with reason code 0 (ACK_BYTES, the same in every version) and gives the offset behind it. */
export function writeAck(type: AckType, target: Buffer, offset: number, packetId: number): number {
  target[offset] = ACKS[type];
  target[offset + 1] = 2;
  target[offset + 2] = packetId >> 8;
  target[offset + 3] = packetId & 0xff;
  return offset + ACK_BYTES;
}

function identifierBytes(packetId: number): number[] {
  return [packetId >> 8, packetId & 0xff];
}

/** One reason code for each filter of SUBSCRIBE [MQTT-3.8.4-6]; before MQTT 5 every failure is 0x80. */
export function encodeSuback(
  version: ProtocolVersion,
  packetId: number,
  reasonCodes: readonly number[],
  properties: AckProperties = {},
  packetBytesMax = Infinity,
): Buffer {
  if (version === 5) return withProperties(SUBACK, identifierBytes(packetId), properties, reasonCodes, packetBytesMax);
  return plain(SUBACK, [...identifierBytes(packetId), ...reasonCodes.map((code) => Math.min(code, FAILURE))]);
}

/** One reason code for each filter of UNSUBSCRIBE [MQTT-3.11.3-1]; they are left out before MQTT 5. */
export function encodeUnsuback(
  version: ProtocolVersion,
  packetId: number,
  reasonCodes: readonly number[],
  properties: AckProperties = {},
  packetBytesMax = Infinity,
): Buffer {
  if (version === 5) return withProperties(UNSUBACK, identifierBytes(packetId), properties, reasonCodes, packetBytesMax);
  return plain(UNSUBACK, identifierBytes(packetId));
}

/** MQTT 5 alone: before, a server says nothing when it closes. */
export function encodeDisconnect(reasonCode: number, properties: DisconnectProperties = {}, packetBytesMax = Infinity): Buffer {
  if (isEmpty(properties)) return plain(DISCONNECT, [reasonCode]);
  return withProperties(DISCONNECT, [reasonCode], properties, [], packetBytesMax);
}

/** MQTT 5 alone. */
export function encodeAuth(reasonCode: number, properties: AuthProperties, packetBytesMax = Infinity): Buffer {
  return withProperties(AUTH, [reasonCode], properties, [], packetBytesMax);
}

/** What the client is told before its connection is closed for a failure of the decoder; null: nothing [MQTT-4.13.1-1]. */
export function encodeFailure({ reasonCode, reason, version, beforeConnect }: PacketFailure, packetBytesMax = Infinity): Buffer | null {
  if (version === null) return null;
  const properties = { reasonString: reason };
  if (beforeConnect) return encodeConnack(version, { reasonCode, sessionPresent: false, properties }, packetBytesMax);
  return version === 5 ? encodeDisconnect(reasonCode, properties, packetBytesMax) : null;
}

/** `head`, the properties with their length, `tail`. */
function withProperties(type: number, head: readonly number[], properties: Properties, tail: readonly number[], packetBytesMax: number): Buffer {
  const { userProperties, ...withoutPairs } = properties;
  const { reasonString, ...least } = withoutPairs;
  const all = encode(properties);
  if (all.length <= packetBytesMax || (userProperties === undefined && reasonString === undefined)) return all;
  const fewer = encode(withoutPairs);
  return fewer.length <= packetBytesMax ? fewer : encode(least);

  function encode(chosen: Properties): Buffer {
    return plain(type, [...head, ...encodeProperties(chosen), ...tail]);
  }
}

function plain(type: number, body: readonly number[]): Buffer {
  return Buffer.from([type, ...encodeVariable(body.length), ...body]);
}

function isEmpty(properties: Properties): boolean {
  for (const name in properties) if (properties[name as keyof Properties] !== undefined) return false;
  return true;
}
