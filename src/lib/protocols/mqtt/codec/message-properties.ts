import type { MessageProperties } from './packet.ts';
import { malformed, type PacketReader, protocolError } from './packet-reader.ts';
import { propertiesEnd, readFlag } from './properties.ts';
import { REASON } from './reason-codes.ts';
import { decodeTopic } from './topic.ts';

const PAYLOAD_FORMAT_INDICATOR = 0x01;
export const MESSAGE_EXPIRY_INTERVAL = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
export const SUBSCRIPTION_IDENTIFIER = 0x0b;
const WILL_DELAY_INTERVAL = 0x18;
export const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

/** With what is for the hub alone. */
export interface ReceivedProperties extends MessageProperties {
  readonly topicAlias: number | null;
  readonly willDelayInterval: number | null;
}

/** Length and properties of PUBLISH or of a will (`isWill`); null without any. Throws PacketError. */
export function readMessageProperties(reader: PacketReader, isWill: boolean): ReceivedProperties | null {
  const end = propertiesEnd(reader);
  if (reader.at === end) return null;
  let payloadFormatIndicator: 0 | 1 | null = null;
  let messageExpiryInterval: number | null = null;
  let contentType: string | null = null;
  let topicAlias: number | null = null;
  let willDelayInterval: number | null = null;
  let seen = 0;
  // What is forwarded is one run of bytes, unless something stands within it that is not.
  let runs: Buffer[] | null = null;
  let run = reader.at;
  while (reader.at < end) {
    const start = reader.at;
    const id = reader.variable();
    const bit = id < 32 ? 1 << id : 0;
    if ((seen & bit) !== 0) throw protocolError('a property is there twice');
    seen |= bit;
    if (id === PAYLOAD_FORMAT_INDICATOR) payloadFormatIndicator = readFlag(reader);
    else if (id === CONTENT_TYPE) contentType = reader.text();
    else if (id === RESPONSE_TOPIC) skipResponseTopic(reader);
    else if (id === CORRELATION_DATA) reader.field();
    else if (id === USER_PROPERTY) {
      reader.skipText();
      reader.skipText();
    } else {
      if (start > run) {
        runs ??= [];
        runs.push(reader.bytes.subarray(run, start));
      }
      if (id === MESSAGE_EXPIRY_INTERVAL) messageExpiryInterval = reader.uint32();
      else if (id === WILL_DELAY_INTERVAL && isWill) willDelayInterval = reader.uint32();
      else if (id === TOPIC_ALIAS && !isWill) {
        if (topicAlias !== null) throw protocolError('a property is there twice');
        topicAlias = reader.uint16();
      } else if (id === SUBSCRIPTION_IDENTIFIER && !isWill) {
        reader.variable();
        throw protocolError('a client sent a subscription identifier in PUBLISH'); // [MQTT-3.3.4-6]
      } else throw malformed(`a property does not belong into ${isWill ? 'a will' : 'PUBLISH'}`);
      run = reader.at;
    }
  }
  if (reader.at !== end) throw malformed('a property is longer than all of them');
  let forwarded = run < end ? reader.bytes.subarray(run, end) : null;
  if (runs !== null) forwarded = Buffer.concat(forwarded === null ? runs : [...runs, forwarded]);
  return { payloadFormatIndicator, messageExpiryInterval, contentType, forwarded, topicAlias, willDelayInterval };
}

/** A response topic is a topic [MQTT-3.3.2-13] [MQTT-3.3.2-14]. */
function skipResponseTopic(reader: PacketReader): void {
  const start = reader.field();
  decodeTopic(reader.bytes, start, reader.at, REASON.protocolError);
}
