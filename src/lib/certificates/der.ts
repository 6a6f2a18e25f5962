/** DER, as much of it as certificates take (X.690). Every function gives a whole element: tag, length, content. */

const UNIVERSAL = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return Buffer.concat([Buffer.from([tag]), lengthOf(length), ...contents]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => element(UNIVERSAL.sequence, ...contents);
/** Several elements must be in order already (X.690 section 11.6). */
export const setOf = (content: Uint8Array): Buffer => element(UNIVERSAL.set, content);
export const octetString = (content: Uint8Array): Buffer => element(UNIVERSAL.octetString, content);
export const utf8String = (text: string): Buffer => element(UNIVERSAL.utf8String, Buffer.from(text, 'utf8'));
export const bmpString = (text: string): Buffer => element(UNIVERSAL.bmpString, Buffer.from(text, 'utf16le').swap16());
export const nothing = (): Buffer => element(UNIVERSAL.null);
export const yes = (): Buffer => element(UNIVERSAL.boolean, Buffer.from([0xff]));
export const enumerated = (value: number): Buffer => element(UNIVERSAL.enumerated, Buffer.from([value]));
/** Explicit: the element stands whole inside. */
export const tagged = (number: number, ...contents: readonly Uint8Array[]): Buffer => element(0xa0 | number, ...contents);
/** Implicit, of a type that is not put together of others. */
export const taggedBytes = (number: number, content: Uint8Array): Buffer => element(0x80 | number, content);

/** Not negative. */
export function integer(value: number | Uint8Array): Buffer {
  const bytes = typeof value === 'number' ? bytesOf(value) : value;
  const first = bytes.findIndex((byte) => byte !== 0);
  const trimmed = first < 0 ? Buffer.from([0]) : Buffer.from(bytes.subarray(first));
  return element(UNIVERSAL.integer, ...((trimmed[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : []), trimmed);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(UNIVERSAL.bitString, Buffer.from([unusedBits]), content);
}

/** Bits by their number, as in KeyUsage; the trailing zeros of a named list are left out (X.690 section 11.2.2). */
export function namedBits(...numbers: readonly number[]): Buffer {
  const highest = Math.max(...numbers);
  const bytes = Buffer.alloc(Math.floor(highest / 8) + 1);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (0x80 >> (number & 7));
  return bitString(bytes, 7 - (highest & 7));
}

/** Those in use are few, and stand in every certificate. */
const OIDS = new Map<string, Buffer>();

/** `2.5.29.15`, of the constants in oids.ts. */
export function oid(text: string): Buffer {
  let known = OIDS.get(text);
  if (known === undefined) {
    known = encodedOid(text);
    OIDS.set(text, known);
  }
  return known;
}

function encodedOid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return element(UNIVERSAL.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** ms since 1970. RFC 5280 section 4.1.2.5: UTCTime through 2049. */
export function time(ms: number): Buffer {
  const text = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  const isShort = Number(text.slice(0, 4)) < 2050;
  return isShort ? element(UNIVERSAL.utcTime, Buffer.from(text.slice(2))) : element(UNIVERSAL.generalizedTime, Buffer.from(text));
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** The elements that stand one after the other in these bytes. Throws a RangeError for bytes that are no DER. */
export function elementsOf(bytes: Uint8Array): Element[] {
  return [...eachElement(bytes)];
}

/** The same, one at a time: for lists that are long. */
export function* eachElement(bytes: Uint8Array): Generator<Element, undefined> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; ) {
    const one = elementAt(buffer, at);
    yield one;
    at += one.whole.length;
  }
}

/** ms since 1970, of a UTCTime or GeneralizedTime in the one form that RFC 5280 section 4.1.2.5 allows. Throws a RangeError. */
export function timeOf({ tag, content }: Element): number {
  const text = content.toString('latin1');
  const isShort = tag === UNIVERSAL.utcTime;
  if (!(isShort ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text) || (!isShort && tag !== UNIVERSAL.generalizedTime)) throw new RangeError('a time that is none');
  const whole = isShort ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms)) throw new RangeError('a time that does not exist');
  return ms;
}

function elementAt(buffer: Buffer, at: number): Element {
  const tag = buffer[at] ?? 0;
  if ((tag & 0x1f) === 0x1f) throw new RangeError('a tag of several bytes');
  const first = buffer[at + 1];
  if (first === undefined) throw new RangeError('an element without a length');
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // Indefinite lengths are not DER; and nothing here has four gigabytes.
    if (count === 0 || count > 4) throw new RangeError('a length that is not DER');
    if (start + count > buffer.length) throw new RangeError('an element that is cut');
    length = buffer.readUIntBE(start, count);
    start += count;
    if (length < 0x80 || (buffer[at + 2] ?? 0) === 0) throw new RangeError('a length that is longer than it must be');
  }
  if (start + length > buffer.length) throw new RangeError('an element that is cut');
  return { tag, content: buffer.subarray(start, start + length), whole: buffer.subarray(at, start + length) };
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = bytesOf(length);
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** Big-endian, without leading zeros; at least one. */
function bytesOf(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
