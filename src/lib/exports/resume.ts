import type { Layout } from './export-format.ts';

/** Where an interrupted file can go on. */
export interface ResumePoint {
  /** Bytes of the file to keep: up to and with its last whole row. 0: begin anew. */
  readonly offset: number;
  /** That row; null when the file holds none. `point` in the long layout alone. `time` in ms since 1970. */
  readonly last: { readonly device: string; readonly point?: string; readonly time: number } | null;
}

/** The end of a file. */
export interface Tail {
  readonly bytes: Uint8Array;
  /** Where in the file the bytes begin. */
  readonly offset: number;
  /** CSV: is an odd number of quotes before `offset`? Then the tail begins inside of a quoted field. */
  readonly insideQuotes?: boolean;
}

/**
 * The last whole row of an interrupted export. null: the tail holds none although the file has more before it; ask again with
 * a longer tail. Throws RangeError for a format that cannot be continued.
 */
export function findResumePoint(format: string, layout: Layout, tail: Tail): ResumePoint | null {
  const found = lastWholeRow(format, layout, tail);
  if (found === null) return tail.offset === 0 ? { offset: 0, last: null } : null;
  return { offset: tail.offset + found.end, last: found.last };
}

type Last = NonNullable<ResumePoint['last']>;
type Found = { readonly end: number; readonly last: Last } | null;

function lastWholeRow(format: string, layout: Layout, tail: Tail): Found {
  switch (format) {
    case 'csv':
      return lastCsvRow(layout, tail);
    case 'ndjson':
      return lastJsonRow(layout, tail, true);
    case 'json':
      return lastJsonRow(layout, tail, false);
    default:
      throw new RangeError(`an export to ${format} cannot be continued`);
  }
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const decoder = new TextDecoder();

/** Going forward, because only that way it is known which line feeds stand inside of quotes. */
function lastCsvRow(layout: Layout, tail: Tail): Found {
  const { bytes } = tail;
  const ends: number[] = [];
  let inside = tail.insideQuotes === true;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) inside = !inside;
    else if (byte === LINE_FEED && !inside) ends.push(at + 1);
  }
  // The first line is the header, or the end of a row that began before the tail.
  for (let index = ends.length - 1; index >= 1; index--) {
    const end = ends[index] ?? 0;
    const last = csvRow(layout, bytes.subarray(ends[index - 1] ?? 0, end - 1));
    if (last !== null) return { end, last };
  }
  return null;
}

function csvRow(layout: Layout, line: Uint8Array): Last | null {
  const [time, device, point] = csvFields(line, 3);
  return time === undefined || device === undefined ? null : rowOf(layout, /^-?\d+$/.test(time) ? Number(time) : time, device, point);
}

function csvFields(line: Uint8Array, count: number): string[] {
  const fields: string[] = [];
  let from = 0;
  let inside = false;
  for (let at = 0; at <= line.length && fields.length < count; at++) {
    if (line[at] === QUOTE) inside = !inside;
    if (at < line.length && (line[at] !== COMMA || inside)) continue;
    const text = decoder.decode(line.subarray(from, at));
    fields.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
    from = at + 1;
  }
  return fields;
}

/** One row per line, and no line feed inside of one. A JSON row is whole when it parses; an NDJSON row when its line feed is there. */
function lastJsonRow(layout: Layout, { bytes, offset }: Tail, needsLineFeed: boolean): Found {
  let lineEnd = bytes.length;
  let whole = !needsLineFeed;
  while (lineEnd > 0) {
    const before = bytes.lastIndexOf(LINE_FEED, lineEnd - 1);
    // The first line of the tail is the end of a row that began before it.
    if (before === -1 && offset > 0) return null;
    const end = bytes[lineEnd - 1] === COMMA ? lineEnd - 1 : lineEnd;
    const last = whole && end > before + 1 ? jsonRow(layout, decoder.decode(bytes.subarray(before + 1, end))) : null;
    if (last !== null) return { end: needsLineFeed ? lineEnd + 1 : end, last };
    lineEnd = before;
    whole = true;
  }
  return null;
}

function jsonRow(layout: Layout, line: string): Last | null {
  try {
    const row = JSON.parse(line) as { readonly time?: unknown; readonly device?: unknown; readonly point?: unknown } | null;
    return rowOf(layout, row?.time, row?.device, row?.point);
  } catch {
    return null;
  }
}

function rowOf(layout: Layout, time: unknown, device: unknown, point: unknown): Last | null {
  const ms = typeof time === 'string' ? Date.parse(time) : time;
  if (typeof ms !== 'number' || !Number.isFinite(ms) || typeof device !== 'string') return null;
  if (layout === 'wide') return { device, time: ms };
  return typeof point === 'string' ? { device, point, time: ms } : null;
}
