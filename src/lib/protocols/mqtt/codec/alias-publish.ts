import { variableBytes, writeVariable } from './encode-publish.ts';
import { TOPIC_ALIAS } from './message-properties.ts';

/** Bytes of the property. */
const ALIAS_BYTES = 3;

/**
 * A copy of an encoded PUBLISH of MQTT 5 with a topic alias. `isKnown`: the client has the topic of that alias already, so it is left out (section
 * 3.3.2.3.4). Encodings are shared between subscribers, aliases are not, which is why they come in afterwards.
 */
export function aliasPublish(encoded: Buffer, alias: number, isKnown: boolean): Buffer {
  const first = encoded[0] as number;
  const topicAt = skipVariable(encoded, 1);
  const topicEnd = topicAt + 2 + encoded.readUInt16BE(topicAt);
  const propertiesAt = topicEnd + ((first & 0x06) === 0 ? 0 : 2);
  const contentAt = skipVariable(encoded, propertiesAt);
  const propertyBytes = readVariable(encoded, propertiesAt) + ALIAS_BYTES;
  const topic = isKnown ? Buffer.alloc(2) : encoded.subarray(topicAt, topicEnd);
  const length = topic.length + (propertiesAt - topicEnd) + variableBytes(propertyBytes) + ALIAS_BYTES + (encoded.length - contentAt);
  const bytes = Buffer.allocUnsafe(1 + variableBytes(length) + length);
  bytes[0] = first;
  let at = writeVariable(bytes, 1, length);
  at += topic.copy(bytes, at);
  at += encoded.copy(bytes, at, topicEnd, propertiesAt);
  at = writeVariable(bytes, at, propertyBytes);
  bytes[at] = TOPIC_ALIAS;
  at = bytes.writeUInt16BE(alias, at + 1);
  encoded.copy(bytes, at, contentAt);
  return bytes;
}

function skipVariable(bytes: Buffer, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= 0x80) at++;
  return at + 1;
}

function readVariable(bytes: Buffer, start: number): number {
  let value = 0;
  const end = skipVariable(bytes, start);
  for (let at = end - 1; at >= start; at--) value = value * 0x80 + ((bytes[at] as number) & 0x7f);
  return value;
}
