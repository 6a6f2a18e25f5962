import { MESSAGE_EXPIRY_INTERVAL, SUBSCRIPTION_IDENTIFIER } from './message-properties.ts';
import type { OutgoingPublish, ProtocolVersion } from './packet.ts';

const PUBLISH = 0x30;
const DUP = 0x08;
const FIELD_BYTES_MAX = 0xffff;

/**
 * PUBLISH in one buffer. Whether that is more than the client takes [MQTT-3.1.2-24] is the caller's to check: such a
 * message is dropped, not cut. Throws RangeError for a topic of more than 65,535 bytes, which no client can have sent.
 */
export function encodePublish(version: ProtocolVersion, publish: OutgoingPublish): Buffer {
  const { topic, payload, qos, forwardedProperties, messageExpiryInterval, subscriptionIdentifiers } = publish;
  const topicBytes = Buffer.byteLength(topic, 'utf8');
  if (topicBytes > FIELD_BYTES_MAX) throw new RangeError('a topic has more than 65,535 bytes');
  let propertyBytes = 0;
  let length = 2 + topicBytes + (qos > 0 ? 2 : 0) + payload.length;
  if (version === 5) {
    if (messageExpiryInterval !== null) propertyBytes += 5;
    for (const identifier of subscriptionIdentifiers) propertyBytes += 1 + variableBytes(identifier);
    if (forwardedProperties !== null) propertyBytes += forwardedProperties.length;
    length += variableBytes(propertyBytes) + propertyBytes;
  }
  const bytes = Buffer.allocUnsafe(1 + variableBytes(length) + length);
  bytes[0] = PUBLISH | (publish.dup ? DUP : 0) | (qos << 1) | (publish.retain ? 1 : 0);
  let at = writeVariable(bytes, 1, length);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at, topicBytes, 'utf8');
  if (qos > 0) at = bytes.writeUInt16BE(publish.packetId, at);
  if (version === 5) {
    at = writeVariable(bytes, at, propertyBytes);
    if (messageExpiryInterval !== null) {
      bytes[at] = MESSAGE_EXPIRY_INTERVAL;
      at = bytes.writeUInt32BE(messageExpiryInterval, at + 1);
    }
    for (const identifier of subscriptionIdentifiers) {
      bytes[at] = SUBSCRIPTION_IDENTIFIER;
      at = writeVariable(bytes, at + 1, identifier);
    }
    if (forwardedProperties !== null) {
      bytes.set(forwardedProperties, at);
      at += forwardedProperties.length;
    }
  }
  bytes.set(payload, at);
  return bytes;
}

/**
 * A copy of an encoded PUBLISH of QoS 1 or 2 with another packet identifier and DUP: one encoding serves all subscribers
 * with the same version, QoS, RETAIN and properties. One of QoS 0 can be sent to all of them as it is.
 */
export function copyPublish(encoded: Buffer, packetId: number, dup = false): Buffer {
  const bytes = Buffer.from(encoded);
  bytes[0] = dup ? (bytes[0] as number) | DUP : (bytes[0] as number) & ~DUP;
  let at = 1;
  while ((bytes[at] as number) >= 0x80) at++;
  bytes.writeUInt16BE(packetId, at + 3 + bytes.readUInt16BE(at + 1));
  return bytes;
}

/** Bytes of a Variable Byte Integer. */
export function variableBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}

/** Gives the offset behind it. */
export function writeVariable(bytes: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}
