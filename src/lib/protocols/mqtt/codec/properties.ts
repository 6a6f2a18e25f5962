import type { ClientPacket, Properties, UserProperty } from './packet.ts';
import { malformed, type PacketReader, protocolError } from './packet-reader.ts';

export type PropertyKind = 'flag' | 'byte' | 'uint16' | 'uint32' | 'variable' | 'text' | 'binary' | 'pairs';
type Sender = Exclude<ClientPacket['type'], 'publish' | 'pingreq'>;

export interface PropertyRow {
  readonly id: number;
  readonly name: keyof Properties;
  readonly kind: PropertyKind;
  /** In which packets a client may send it (table 2-4). */
  readonly from: readonly Sender[];
  readonly positive?: boolean;
}

const ANY: readonly Sender[] = ['connect', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'subscribe', 'unsubscribe', 'disconnect', 'auth'];
const ANSWER: readonly Sender[] = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'disconnect', 'auth'];

/** MQTT 5 section 2.2.2.2, but for the properties of messages (message-properties.ts). */
export const PROPERTIES: readonly PropertyRow[] = [
  { id: 0x0b, name: 'subscriptionIdentifier', kind: 'variable', from: ['subscribe'], positive: true },
  { id: 0x11, name: 'sessionExpiryInterval', kind: 'uint32', from: ['connect', 'disconnect'] },
  { id: 0x12, name: 'assignedClientIdentifier', kind: 'text', from: [] },
  { id: 0x13, name: 'serverKeepAlive', kind: 'uint16', from: [] },
  { id: 0x15, name: 'authenticationMethod', kind: 'text', from: ['connect', 'auth'] },
  { id: 0x16, name: 'authenticationData', kind: 'binary', from: ['connect', 'auth'] },
  { id: 0x17, name: 'requestProblemInformation', kind: 'flag', from: ['connect'] },
  { id: 0x19, name: 'requestResponseInformation', kind: 'flag', from: ['connect'] },
  { id: 0x1a, name: 'responseInformation', kind: 'text', from: [] },
  { id: 0x1c, name: 'serverReference', kind: 'text', from: ['disconnect'] },
  { id: 0x1f, name: 'reasonString', kind: 'text', from: ANSWER },
  { id: 0x21, name: 'receiveMaximum', kind: 'uint16', from: ['connect'], positive: true },
  { id: 0x22, name: 'topicAliasMaximum', kind: 'uint16', from: ['connect'] },
  { id: 0x24, name: 'maximumQos', kind: 'byte', from: [] },
  { id: 0x25, name: 'retainAvailable', kind: 'flag', from: [] },
  { id: 0x26, name: 'userProperties', kind: 'pairs', from: ANY },
  { id: 0x27, name: 'maximumPacketSize', kind: 'uint32', from: ['connect'], positive: true },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', kind: 'flag', from: [] },
  { id: 0x29, name: 'subscriptionIdentifiersAvailable', kind: 'flag', from: [] },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', kind: 'flag', from: [] },
];
const BY_ID = new Map(PROPERTIES.map((row) => [row.id, row]));

export const NO_PROPERTIES: Properties = Object.freeze({});

/** Length and properties of any packet but PUBLISH and the will. Throws PacketError. */
export function readProperties(reader: PacketReader, from: Sender): Properties {
  const end = propertiesEnd(reader);
  if (reader.at === end) return NO_PROPERTIES;
  const values: Record<string, unknown> = {};
  const pairs: UserProperty[] = [];
  while (reader.at < end) {
    const row = BY_ID.get(reader.variable());
    // An identifier that is not valid for the packet is malformed, a repetition a protocol error (section 2.2.2.2).
    if (row?.from.includes(from) !== true) throw malformed(`a property does not belong into ${from.toUpperCase()}`);
    if (row.kind === 'pairs') {
      pairs.push([reader.text(), reader.text()]);
      values[row.name] = pairs;
      continue;
    }
    if (row.name in values) throw protocolError('a property is there twice');
    const value = readValue(reader, row.kind);
    if (row.positive === true && value === 0) throw protocolError('a property is 0 that must not be');
    values[row.name] = value;
  }
  if (reader.at !== end) throw malformed('a property is longer than all of them');
  return values;
}

/** Reads the Property Length and gives where the properties end. */
export function propertiesEnd(reader: PacketReader): number {
  const length = reader.variable();
  const end = reader.at + length;
  if (end > reader.end) throw malformed('the properties are longer than the packet');
  return end;
}

/** A byte that is 0 or 1 (Request Problem Information, Payload Format Indicator, ...). */
export function readFlag(reader: PacketReader): 0 | 1 {
  const byte = reader.byte();
  if (byte !== 0 && byte !== 1) throw protocolError('a property is neither 0 nor 1');
  return byte;
}

function readValue(reader: PacketReader, kind: Exclude<PropertyKind, 'pairs'>): unknown {
  switch (kind) {
    case 'flag':
      return readFlag(reader) === 1;
    case 'byte':
      return reader.byte();
    case 'uint16':
      return reader.uint16();
    case 'uint32':
      return reader.uint32();
    case 'variable':
      return reader.variable();
    case 'text':
      return reader.text();
    case 'binary':
      return reader.binary();
  }
}
