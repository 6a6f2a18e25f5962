import { crc32 } from 'node:zlib';
import type { Result } from '../../domain/result.ts';
import type { SampleColumns } from '../sample-columns.ts';

/**
 * One journal entry as bytes, columns one after the other, little-endian:
 *
 *     0  'MSJ1'                8  rows (u32)            16  bytes of all texts (u32)
 *     4  version (u32)        12  texts (u32)           20  CRC-32 of everything but itself (u32)
 *    24  series f64[rows] · time f64[rows] · number f64[rows] · text index u32[texts] · text length u32[texts]
 *        tag u8[rows] · flags u8[rows] · texts in UTF-8
 *
 * Every column begins on a multiple of its width, so that it is copied whole. A lone surrogate of a text becomes U+FFFD.
 */
const MAGIC = 0x314a534d;
const VERSION = 1;
const HEADER_BYTES = 24;
const CRC_AT = 20;
const ROW_BYTES = 26;
const TEXT_BYTES = 8;

/** What is wrong with an entry, naming it. */
export interface JournalDamage {
  readonly entry: number;
  readonly reason: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes that these samples take at most, for limits: exact but for texts, which count 3 bytes per UTF-16 unit. */
export function journalBytesOf(columns: SampleColumns): number {
  let bytes = columns.count * ROW_BYTES;
  for (const [, text] of columns.text) bytes += TEXT_BYTES + text.length * 3;
  return bytes;
}

/** Joins the samples in the order given into one entry. Of each column, the first `count` places count. */
export function encodeJournal(parts: readonly SampleColumns[]): Uint8Array<ArrayBuffer> {
  let rows = 0;
  let texts = 0;
  let textBytesMax = 0;
  for (const part of parts) {
    rows += part.count;
    texts += part.text.length;
    for (const [, text] of part.text) textBytesMax += text.length * 3;
  }
  const buffer = new ArrayBuffer(HEADER_BYTES + rows * ROW_BYTES + texts * TEXT_BYTES + textBytesMax);
  const place = layout(rows, texts);
  const series = new Float64Array(buffer, place.series, rows);
  const time = new Float64Array(buffer, place.time, rows);
  const number = new Float64Array(buffer, place.number, rows);
  const textIndex = new Uint32Array(buffer, place.textIndex, texts);
  const textLength = new Uint32Array(buffer, place.textLength, texts);
  const tag = new Uint8Array(buffer, place.tag, rows);
  const flags = new Uint8Array(buffer, place.flags, rows);
  const all = new Uint8Array(buffer);
  let row = 0;
  let textAt = 0;
  let byteAt = place.text;
  for (const part of parts) {
    copy(part.series, series, row, part.count);
    copy(part.time, time, row, part.count);
    copy(part.number, number, row, part.count);
    copy(part.tag, tag, row, part.count);
    copy(part.flags, flags, row, part.count);
    for (const [index, text] of part.text) {
      const { written } = encoder.encodeInto(text, all.subarray(byteAt));
      textIndex[textAt] = row + index;
      textLength[textAt] = written;
      byteAt += written;
      textAt++;
    }
    row += part.count;
  }
  const bytes = all.subarray(0, byteAt);
  const header = new DataView(buffer, 0, HEADER_BYTES);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, VERSION, true);
  header.setUint32(8, rows, true);
  header.setUint32(12, texts, true);
  header.setUint32(16, byteAt - place.text, true);
  header.setUint32(CRC_AT, checksum(bytes), true);
  return bytes;
}

/** What is wrong with an entry of so many rows, or null. Costs little more than its checksum. */
export function journalProblem(bytes: Uint8Array, samples: number): string | null {
  const problem = problemOf(bytes);
  if (problem !== null) return problem;
  const { rows } = headerOf(bytes);
  return rows === samples ? null : `${rows} samples instead of ${samples}`;
}

function problemOf(bytes: Uint8Array): string | null {
  if (bytes.byteLength < HEADER_BYTES) return `${bytes.byteLength} bytes are too few`;
  const { magic, version, rows, texts, textBytes, crc } = headerOf(bytes);
  if (magic !== MAGIC) return 'it does not begin as an entry does';
  if (version !== VERSION) return `version ${version} is unknown to this release`;
  const expected = layout(rows, texts).text + textBytes;
  if (bytes.byteLength !== expected) return `${bytes.byteLength} bytes instead of ${expected}`;
  return crc === checksum(bytes) ? null : 'the checksum is wrong';
}

function headerOf(bytes: Uint8Array) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const at = (offset: number) => header.getUint32(offset, true);
  return { magic: at(0), version: at(4), rows: at(8), texts: at(12), textBytes: at(16), crc: at(CRC_AT) };
}

/** The samples of an entry, in buffers of their own. */
export function decodeJournal(bytes: Uint8Array, entry: number): Result<SampleColumns, JournalDamage> {
  const damage = (reason: string) => ({ ok: false as const, entry, reason: `journal entry ${entry}: ${reason}` });
  const problem = problemOf(bytes);
  if (problem !== null) return damage(problem);
  const { rows, texts } = headerOf(bytes);
  const place = layout(rows, texts);
  const column = (from: number, length: number) => bytes.slice(from, from + length).buffer;
  const text = decodeTexts(bytes, place, rows, texts);
  if (text === null) return damage('its texts are malformed');
  return {
    ok: true,
    value: {
      count: rows,
      series: new Float64Array(column(place.series, rows * 8)),
      time: new Float64Array(column(place.time, rows * 8)),
      number: new Float64Array(column(place.number, rows * 8)),
      tag: new Uint8Array(column(place.tag, rows)),
      flags: new Uint8Array(column(place.flags, rows)),
      text,
    },
  };
}

type Layout = ReturnType<typeof layout>;

function layout(rows: number, texts: number) {
  const textIndex = HEADER_BYTES + rows * 24;
  const tag = textIndex + texts * TEXT_BYTES;
  return {
    series: HEADER_BYTES,
    time: HEADER_BYTES + rows * 8,
    number: HEADER_BYTES + rows * 16,
    textIndex,
    textLength: textIndex + texts * 4,
    tag,
    flags: tag + rows,
    text: tag + rows * 2,
  };
}

function decodeTexts(bytes: Uint8Array, place: Layout, rows: number, texts: number): [number, string][] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: [number, string][] = [];
  let at = place.text;
  for (let i = 0; i < texts; i++) {
    const index = view.getUint32(place.textIndex + i * 4, true);
    const end = at + view.getUint32(place.textLength + i * 4, true);
    if (index >= rows || end > bytes.byteLength) return null;
    try {
      found.push([index, decoder.decode(bytes.subarray(at, end))]);
    } catch {
      return null;
    }
    at = end;
  }
  return at === bytes.byteLength ? found : null;
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CRC_AT + 4), crc32(bytes.subarray(0, CRC_AT)));
}

/** Most parts hold a few rows: for those a plain loop beats a view and `set`. */
function copy<Column extends Float64Array | Uint8Array>(from: Column, to: Column, at: number, count: number): void {
  if (count > 32) {
    to.set(from.length === count ? from : from.subarray(0, count), at);
    return;
  }
  for (let i = 0; i < count; i++) to[at + i] = from[i] ?? 0;
}
