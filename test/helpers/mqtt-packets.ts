import { type Property, type PropertyDefinition, propertyNamed } from './mqtt-properties.ts';

/** Builds packets byte by byte, right ones and wrong ones: nothing is checked, and every part can be given as bytes. */
export type Version = 3 | 4 | 5;
/** A packet whose bytes depend on the version that its client speaks. */
export type PacketFor = (version: Version) => Buffer;
export type Text = string | Uint8Array;

export const byte = (...values: readonly number[]): Buffer => Buffer.from(values);
export const uint16 = (value: number): Buffer => byte((value >> 8) & 0xff, value & 0xff);
export const uint32 = (value: number): Buffer => byte((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
export const binary = (value: Text): Buffer => Buffer.concat([uint16(Buffer.from(value).length), Buffer.from(value)]);
export const text = binary;

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** First byte, right length, and the parts. */
export function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([byte(first), varint(body.length), body]);
}

/** With their length in front. Bytes are taken as the whole list without its length. */
export function properties(list: readonly Property[] | Uint8Array = []): Buffer {
  const body = list instanceof Uint8Array ? list : Buffer.concat(list.map(property));
  return Buffer.concat([varint(body.length), body]);
}

export function property([name, value]: Property): Buffer {
  const { id, type } = propertyNamed(name);
  return Buffer.concat([byte(id), propertyValue(type, value)]);
}

function propertyValue(type: PropertyDefinition['type'], value: Property[1]): Buffer {
  if (typeof value === 'number') return { byte, uint16, uint32, varint, text: uint16, binary: uint16, pair: uint16 }[type](value);
  if (typeof value === 'string' || value instanceof Uint8Array) return binary(value);
  return Buffer.concat([text(value[0]), text(value[1])]);
}

const propertiesFor = (version: Version, list: readonly Property[] | Uint8Array | undefined): Buffer => (version === 5 ? properties(list) : Buffer.alloc(0));

export interface WillFields {
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly properties?: readonly Property[];
}

export interface ConnectFields {
  readonly clientId?: Text;
  readonly clean?: boolean;
  readonly keepAlive?: number;
  readonly will?: WillFields;
  readonly username?: Text;
  readonly password?: Text;
  readonly properties?: readonly Property[] | Uint8Array;
  /** Instead of what follows from the version. */
  readonly protocolName?: Text;
  readonly level?: number;
  /** Instead of what follows from the other fields. */
  readonly flags?: number;
  /** After the last field. */
  readonly extra?: Uint8Array;
}

export function connect(fields: ConnectFields = {}): PacketFor {
  return (version) => {
    const { will, username, password } = fields;
    let flags = fields.clean === false ? 0 : 0x02;
    if (will) flags |= 0x04 | ((will.qos ?? 0) << 3) | (will.retain ? 0x20 : 0);
    if (username !== undefined) flags |= 0x80;
    if (password !== undefined) flags |= 0x40;
    return packet(
      0x10,
      text(fields.protocolName ?? (version === 3 ? 'MQIsdp' : 'MQTT')),
      byte(fields.level ?? version, fields.flags ?? flags),
      uint16(fields.keepAlive ?? 0),
      propertiesFor(version, fields.properties),
      text(fields.clientId ?? ''),
      ...(will ? [propertiesFor(version, will.properties), text(will.topic), binary(will.payload ?? '')] : []),
      ...(username === undefined ? [] : [text(username)]),
      ...(password === undefined ? [] : [binary(password)]),
      fields.extra ?? Buffer.alloc(0),
    );
  };
}

export interface PublishFields {
  readonly qos?: 0 | 1 | 2 | 3;
  readonly id?: number;
  readonly payload?: Text;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly properties?: readonly Property[] | Uint8Array | undefined;
}

export function publish(topic: Text, { qos = 0, id, payload = '', retain = false, dup = false, properties: list }: PublishFields = {}): PacketFor {
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return (version) => packet(first, text(topic), id === undefined ? Buffer.alloc(0) : uint16(id), propertiesFor(version, list), Buffer.from(payload));
}

/** A filter alone is asked with QoS 0; options as in the byte of SUBSCRIBE. */
export type Filter = Text | readonly [filter: Text, options: number];

export function subscribe(id: number, filters: readonly Filter[], list?: readonly Property[] | Uint8Array): PacketFor {
  const entries = filters.flatMap((one) => (isPair(one) ? [text(one[0]), byte(one[1])] : [text(one), byte(0)]));
  return (version) => packet(0x82, uint16(id), propertiesFor(version, list), ...entries);
}
const isPair = (filter: Filter): filter is readonly [Text, number] => Array.isArray(filter);

export function unsubscribe(id: number, filters: readonly Text[], list?: readonly Property[] | Uint8Array): PacketFor {
  return (version) => packet(0xa2, uint16(id), propertiesFor(version, list), ...filters.map(text));
}

/** Without a reason code the short form, in every version. */
const acknowledge =
  (first: number) =>
  (id: number, code?: number, list?: readonly Property[] | Uint8Array): Buffer =>
    packet(first, uint16(id), ...(code === undefined ? [] : [byte(code)]), ...(list === undefined ? [] : [properties(list)]));

export const puback = acknowledge(0x40);
export const pubrec = acknowledge(0x50);
export const pubrel = acknowledge(0x62);
export const pubcomp = acknowledge(0x70);

export const pingreq = (): Buffer => packet(0xc0);

export function disconnect(code?: number, list?: readonly Property[] | Uint8Array): Buffer {
  return packet(0xe0, ...(code === undefined ? [] : [byte(code)]), ...(list === undefined ? [] : [properties(list)]));
}

export function auth(code: number, list: readonly Property[] = []): Buffer {
  return packet(0xf0, byte(code), properties(list));
}

/** Options of a subscription in MQTT 5. */
export function options(qos: 0 | 1 | 2, more: { noLocal?: boolean; retainAsPublished?: boolean; retainHandling?: 0 | 1 | 2 } = {}): number {
  return qos | (more.noLocal ? 4 : 0) | (more.retainAsPublished ? 8 : 0) | ((more.retainHandling ?? 0) << 4);
}
