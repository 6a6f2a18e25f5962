import type { Properties, UserProperty } from './packet.ts';
import { PROPERTIES, type PropertyKind } from './properties.ts';

const TEXT_BYTES_MAX = 0xffff;

/** The properties that are there, with their length in front. */
export function encodeProperties(properties: Properties): number[] {
  const bytes: number[] = [];
  for (const { id, name, kind } of PROPERTIES) {
    const value = properties[name];
    if (value === undefined) continue;
    if (kind === 'pairs') for (const [key, text] of value as readonly UserProperty[]) append(bytes, [id, ...encodeText(key), ...encodeText(text)]);
    else append(bytes, [id, ...encodeValue(kind, value)]);
  }
  return append(encodeVariable(bytes.length), bytes);
}

/** Variable Byte Integer. */
export function encodeVariable(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

function encodeValue(kind: Exclude<PropertyKind, 'pairs'>, value: unknown): readonly number[] {
  switch (kind) {
    case 'flag':
    case 'byte':
      return [Number(value)];
    case 'uint16':
      return uint16(value as number);
    case 'uint32':
      return [...uint16((value as number) >>> 16), ...uint16(value as number)];
    case 'variable':
      return encodeVariable(value as number);
    case 'text':
      return encodeText(value as string);
    case 'binary':
      return withLength(value as Buffer);
  }
}

/** Cut, if need be, where a character begins. */
function encodeText(text: string): readonly number[] {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= TEXT_BYTES_MAX) return withLength(bytes);
  let end = TEXT_BYTES_MAX;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return withLength(bytes.subarray(0, end));
}

function withLength(bytes: Buffer): readonly number[] {
  return append([...uint16(bytes.length)], bytes);
}

function uint16(value: number): readonly number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

/** Spreading into `push` would overflow the stack with a long text. */
function append(target: number[], bytes: Iterable<number>): number[] {
  for (const byte of bytes) target.push(byte);
  return target;
}
