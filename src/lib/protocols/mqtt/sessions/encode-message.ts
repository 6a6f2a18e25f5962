import { copyPublish, encodePublish } from '../codec/encode-publish.ts';
import type { ProtocolVersion, Qos } from '../codec/packet.ts';
import { NO_IDENTIFIERS } from './addressing.ts';
import { expiryLeft, type Message } from './message.ts';
import type { Delivery } from './outbox.ts';

/** PUBLISH with QoS 1 or 2. Subscribers that want the same share an encoding. `now`: ms since 1970. */
export function encodeDelivery(version: ProtocolVersion, delivery: Delivery, now: number): Buffer {
  const { message, qos, retain, identifiers, packetId, wasSent } = delivery;
  if (!isSharable(version, message, identifiers)) return encode(version, message, qos, retain, identifiers, now, packetId, wasSent);
  const known = sharedEncoding(version, message, qos, retain);
  if (known !== null) return copyPublish(known, packetId, wasSent);
  const fresh = share(version, message, qos, retain, encode(version, message, qos, retain, NO_IDENTIFIERS, now, packetId, false));
  return wasSent ? copyPublish(fresh, packetId, true) : fresh;
}

/** PUBLISH with QoS 0. */
export function encodeOnce(version: ProtocolVersion, message: Message, retain: boolean, identifiers: readonly number[], now: number): Buffer {
  if (!isSharable(version, message, identifiers)) return encode(version, message, 0, retain, identifiers, now, 0, false);
  return sharedEncoding(version, message, 0, retain) ?? share(version, message, 0, retain, encode(version, message, 0, retain, NO_IDENTIFIERS, now, 0, false));
}

function encode(
  version: ProtocolVersion,
  message: Message,
  qos: Qos,
  retain: boolean,
  identifiers: readonly number[],
  now: number,
  packetId: number,
  dup: boolean,
): Buffer {
  return encodePublish(version, {
    topic: message.topic,
    payload: message.payload,
    qos,
    retain,
    dup,
    packetId,
    forwardedProperties: message.properties,
    messageExpiryInterval: expiryLeft(message, now),
    subscriptionIdentifiers: identifiers,
  });
}

/** What is left of an expiry changes by the second, and identifiers differ. */
function isSharable(version: ProtocolVersion, message: Message, identifiers: readonly number[]): boolean {
  return message.isShared && message.expiresAt === null && (identifiers.length === 0 || version < 5);
}

function sharedEncoding(version: ProtocolVersion, message: Message, qos: Qos, retain: boolean): Buffer | null {
  return message.encodedAs === variantOf(version, qos, retain) ? message.encoded : null;
}

function share(version: ProtocolVersion, message: Message, qos: Qos, retain: boolean, bytes: Buffer): Buffer {
  message.encoded = bytes;
  message.encodedAs = variantOf(version, qos, retain);
  return bytes;
}

/** What an encoding depends on, beside the message. */
function variantOf(version: ProtocolVersion, qos: Qos, retain: boolean): number {
  return (version === 5 ? 8 : 0) + qos * 2 + (retain ? 1 : 0);
}
