import { isUtf8 } from 'node:buffer';
import { REASON, type ReasonCode } from './reason-codes.ts';

/**
 * A packet breaks a rule. Thrown and caught within this folder alone, once in the life of a connection: the decoder turns
 * it into its `failure`.
 */
export class PacketError extends Error {
  readonly reasonCode: ReasonCode;

  constructor(reasonCode: ReasonCode, reason: string) {
    super(reason);
    this.reasonCode = reasonCode;
  }
}

export function malformed(reason: string): PacketError {
  return new PacketError(REASON.malformed, reason);
}

export function protocolError(reason: string): PacketError {
  return new PacketError(REASON.protocolError, reason);
}

/** Reads the body of one packet at a time, never beyond its end. Its methods throw PacketError. */
export class PacketReader {
  bytes: Buffer;
  at: number;
  end: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw tooShort();
    return this.bytes[this.at++] as number;
  }

  uint16(): number {
    const at = this.at;
    if (at + 2 > this.end) throw tooShort();
    this.at = at + 2;
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16();
  }

  /** Variable Byte Integer: four bytes at most, and no more than it takes [MQTT-1.5.5-1]. */
  variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) throw malformed('a variable byte integer is longer than it needs to be');
      return value;
    }
    throw malformed('a variable byte integer has more than four bytes');
  }

  /** Packet Identifier [MQTT-2.2.1-3]; [MQTT-2.3.1-1] in 3.1.1. */
  packetId(): number {
    const id = this.uint16();
    if (id === 0) throw protocolError('the packet identifier is 0');
    return id;
  }

  /** Steps over a field with its length in two bytes in front, and gives where its content starts; `at` is its end. */
  field(): number {
    const length = this.uint16();
    const start = this.at;
    if (start + length > this.end) throw tooShort();
    this.at = start + length;
    return start;
  }

  binary(): Buffer {
    const start = this.field();
    return this.bytes.subarray(start, this.at);
  }

  text(): string {
    const start = this.field();
    return decodeText(this.bytes, start, this.at);
  }

  name(): string {
    const start = this.field();
    return decodeName(this.bytes, start, this.at);
  }

  /** Checks a text that nobody here needs. */
  skipText(): void {
    const start = this.field();
    isAscii(this.bytes, start, this.at);
  }

  rest(): Buffer {
    const start = this.at;
    this.at = this.end;
    return this.bytes.subarray(start, this.end);
  }

  finish(): void {
    if (this.at !== this.end) throw malformed('the packet is longer than its content');
  }
}

/**
 * UTF-8 without surrogates, overlong forms [MQTT-1.5.4-1] and U+0000 [MQTT-1.5.4-2] ([MQTT-1.5.3-1] [MQTT-1.5.3-2] in
 * 3.1.1); a byte order mark stays [MQTT-1.5.4-3]. Throws PacketError.
 */
function decodeText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString(isAscii(bytes, start, end) ? 'latin1' : 'utf8', start, end);
}

/** C1 controls and what Unicode calls non-characters. */
const UNWANTED = /[\u0080-\u009f\ufdd0-\ufdef\ufffe\uffff]/;

/**
 * The text of what people look for in lists and logs: topics, filters, client identifiers and user names. The
 * specification asks for no control characters there, and lets a server refuse them (section 1.5.4; 1.5.3 in 3.1.1).
 * Texts of properties may hold them: a line break in a description does no harm. Throws PacketError.
 */
export function decodeName(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte === 0x7f) throw malformed('a name holds a control character');
  }
  const text = decodeText(bytes, start, end);
  // Fewer characters than bytes: more than ASCII.
  if (text.length < end - start && UNWANTED.test(text)) throw malformed('a name holds a control character or a non-character');
  return text;
}

/** Throws if it is not a valid text. Most texts are short and ASCII, which a loop finds out before a native call begins. */
function isAscii(bytes: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) throw malformed('a text holds U+0000');
    bits |= byte;
  }
  if (bits < 0x80) return true;
  if (!isUtf8(bytes.subarray(start, end))) throw malformed('a text is not UTF-8');
  return false;
}

function tooShort(): PacketError {
  return malformed('the packet is shorter than its content');
}
