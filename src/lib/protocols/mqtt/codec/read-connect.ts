import { readMessageProperties } from './message-properties.ts';
import type { ConnectPacket, ProtocolVersion, Qos, Will } from './packet.ts';
import { malformed, type PacketReader, protocolError } from './packet-reader.ts';
import { NO_PROPERTIES, readProperties } from './properties.ts';
import { decodeTopic } from './topic.ts';

const NAMES = new Map<string, readonly number[]>([
  ['MQIsdp', [3]],
  ['MQTT', [4, 5]],
]);
const CLEAN = 0x02;
const WILL = 0x04;
const WILL_QOS = 0x18;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USERNAME = 0x80;
/** Bridges of mosquitto set it to say what they are, and come again without it when they are refused. */
const BRIDGE_BIT = 0x80;

export interface ProtocolLevel {
  /** null: a protocol or version that the hub does not speak. */
  readonly version: ProtocolVersion | null;
  /** In whose shape a refusal is understood best; null: it is not MQTT, and gets none. */
  readonly answerIn: 4 | 5 | null;
}

/** What CONNECT begins with, alone, for how the rest is read and answered depends on it. Throws PacketError. */
export function readProtocolLevel(reader: PacketReader): ProtocolLevel {
  const levels = NAMES.get(reader.text());
  const level = reader.byte();
  const isNew = (level & ~BRIDGE_BIT) >= 5;
  const answerIn = isNew ? 5 : levels === undefined ? null : 4;
  // [MQTT-3.1.2-1] [MQTT-3.1.2-2]
  return { version: levels?.includes(level) === true ? (level as ProtocolVersion) : null, answerIn };
}

/** The rest of CONNECT; `first` is the first byte of its header. Throws PacketError. */
export function readConnect(reader: PacketReader, version: ProtocolVersion, first: number): ConnectPacket {
  // [MQTT-2.1.3-1]; [MQTT-2.2.2-2] in 3.1.1; 3.1 does not use these flags.
  if ((first & 0x0f) !== 0 && version > 3) throw malformed('reserved header flags');
  const flags = reader.byte();
  checkFlags(flags, version);
  const keepAlive = reader.uint16();
  const properties = version === 5 ? readProperties(reader, 'connect') : NO_PROPERTIES;
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError('authentication data without a method');
  }
  // The order is that of [MQTT-3.1.3-1].
  const clientId = reader.name();
  const will = (flags & WILL) !== 0 ? readWill(reader, version, flags) : null;
  const username = (flags & USERNAME) !== 0 && !isLeftOut(reader, version) ? reader.name() : null;
  const password = (flags & PASSWORD) !== 0 && !isLeftOut(reader, version) ? reader.binary() : null;
  reader.finish();
  return { type: 'connect', version, clean: (flags & CLEAN) !== 0, keepAlive, clientId, username, password, will, properties };
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  // [MQTT-3.1.2-3]; 3.1 does not use that bit.
  if ((flags & 1) !== 0 && version > 3) throw malformed('the reserved flag of CONNECT is set');
  const willQos = (flags & WILL_QOS) >> 3;
  // [MQTT-3.1.2-12]; [MQTT-3.1.2-14] in 3.1.1
  if (willQos === 3) throw malformed('the QoS of the will is 3');
  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]; [MQTT-3.1.2-13] [MQTT-3.1.2-15] in 3.1.1
  if ((flags & WILL) === 0 && (flags & (WILL_QOS | WILL_RETAIN)) !== 0) throw malformed('QoS or RETAIN of a will that is not there');
  // [MQTT-3.1.2-22] of 3.1.1
  if (version < 5 && (flags & PASSWORD) !== 0 && (flags & USERNAME) === 0) throw malformed('a password without a user name');
}

function readWill(reader: PacketReader, version: ProtocolVersion, flags: number): Will {
  const properties = version === 5 ? readMessageProperties(reader, true) : null;
  const start = reader.field();
  const topic = decodeTopic(reader.bytes, start, reader.at);
  return {
    topic,
    payload: reader.binary(),
    qos: ((flags & WILL_QOS) >> 3) as Qos,
    retain: (flags & WILL_RETAIN) !== 0,
    delayInterval: properties?.willDelayInterval ?? 0,
    properties,
  };
}

/** In MQTT 3.1 the length comes before the flags: clients of its first days set them and send nothing (section 3.1). */
function isLeftOut(reader: PacketReader, version: ProtocolVersion): boolean {
  return version === 3 && reader.left === 0;
}
