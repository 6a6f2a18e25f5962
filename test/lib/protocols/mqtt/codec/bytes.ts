import { type DecoderLimits, PacketDecoder } from '../../../../../src/lib/protocols/mqtt/codec/decoder.ts';
import type { ClientPacket, PacketFailure, ProtocolVersion } from '../../../../../src/lib/protocols/mqtt/codec/packet.ts';

export const LIMITS: DecoderLimits = { packetBytesMax: 10_000, connectBytesMax: 5_000, topicAliasMax: 10 };
export const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];

export type Part = number | readonly number[] | Buffer;

/** Parts of a packet, one after the other. */
export function join(...parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))));
}

export function variable(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** A field with its length in two bytes in front. */
export function field(content: string | readonly number[]): Buffer {
  const bytes = Buffer.from(content as string);
  return join(bytes.length >> 8, bytes.length & 0xff, bytes);
}

export function packet(first: number, ...body: readonly Part[]): Buffer {
  const bytes = join(...body);
  return join(first, variable(bytes.length), bytes);
}

/** Properties of MQTT 5 with their length. */
export function properties(...parts: readonly Part[]): Buffer {
  const bytes = join(...parts);
  return join(variable(bytes.length), bytes);
}

const NONE = Buffer.from([0]);

export interface ConnectParts {
  readonly name?: string;
  readonly level?: number;
  readonly flags?: number;
  readonly properties?: Buffer;
  /** All that follows the properties; a client identifier if not given. */
  readonly payload?: readonly Part[];
}

export function connect(version: ProtocolVersion, parts: ConnectParts = {}): Buffer {
  const { name = version === 3 ? 'MQIsdp' : 'MQTT', level = version, flags = 2, payload = [field('me')] } = parts;
  const section = level === 5 ? [parts.properties ?? NONE] : [];
  return packet(0x10, field(name), level, flags, 0, 60, ...section, ...payload);
}

export interface Decoded {
  readonly packets: readonly ClientPacket[];
  readonly failure: PacketFailure | null;
}

/** All packets of some bytes, from the beginning of a connection. */
export function decode(bytes: Buffer, limits: DecoderLimits = LIMITS): Decoded {
  const decoder = new PacketDecoder(limits);
  decoder.push(bytes);
  return { packets: drain(decoder), failure: decoder.failure };
}

export function drain(decoder: PacketDecoder): ClientPacket[] {
  const packets: ClientPacket[] = [];
  for (let next = decoder.next(); next !== null; next = decoder.next()) packets.push(next);
  return packets;
}

/** The one packet behind a CONNECT without anything special. */
export function decodeOne(version: ProtocolVersion, bytes: Buffer): ClientPacket {
  const { packets, failure } = decode(join(connect(version), bytes));
  if (failure !== null) throw new Error(failure.reason);
  if (packets.length !== 2) throw new Error(`${packets.length - 1} packets`);
  return packets[1] as ClientPacket;
}

/** The failure that these bytes are behind a CONNECT; null if they are fine. */
export function failureOf(version: ProtocolVersion, bytes: Buffer): PacketFailure | null {
  return decode(join(connect(version), bytes)).failure;
}
