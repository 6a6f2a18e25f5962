import type { DeviceEntry } from '../directory.ts';
import type { LivePresence, LiveStatus } from '../live-presence.ts';
import type { ColumnKind } from './block-table.ts';

/** Texts of a field. Where few differ, a byte for each device says which it has; else `codes` is null, and `texts` are by place. undefined: it has none. */
export interface TextColumn {
  readonly codes: Uint8Array | null;
  /** By code. Code 0 is none. */
  readonly texts: readonly (string | undefined)[];
}

const CODES_MAX = 256;

export function textColumn(key: string, textOf: (entry: DeviceEntry) => string | undefined): ColumnKind<TextColumn> {
  return { key: `text ${key}`, build: (entries) => codedTexts(entries, textOf) ?? { codes: null, texts: entries.map(textOf) } };
}

/** null: too many differ. */
function codedTexts(entries: readonly DeviceEntry[], textOf: (entry: DeviceEntry) => string | undefined): TextColumn | null {
  const codes = new Uint8Array(entries.length);
  const texts: (string | undefined)[] = [undefined];
  const codeOf = new Map<string, number>();
  let last: string | undefined;
  let code = 0;
  for (let at = 0; at < entries.length; at++) {
    const entry = entries[at];
    const text = entry === undefined ? undefined : textOf(entry);
    // Neighbours have much in common.
    if (text !== last) {
      last = text;
      const known = text === undefined ? 0 : codeOf.get(text);
      if (known === undefined) {
        code = texts.length;
        if (code === CODES_MAX) return null;
        texts.push(text);
        codeOf.set(text as string, code);
      } else {
        code = known;
      }
    }
    codes[at] = code;
  }
  return { codes, texts };
}

/** NaN: it has none. */
export function numberColumn(key: string, numberOf: (entry: DeviceEntry) => number): ColumnKind<Float64Array> {
  return { key: `number ${key}`, build: (entries) => Float64Array.from(entries, numberOf) };
}

/** Whole numbers where they have room: what newest values are found by is then told from them without a division. */
export type SeriesColumn = Int32Array | Float64Array;

const NO_SERIES = new Int32Array(0);
const INT32_MAX = 0x7fff_ffff;

/** Series of a point of each; 0: it has no such point. Of length 0 when no device of the block has it. */
export function seriesColumn(path: string): ColumnKind<SeriesColumn> {
  return {
    key: `series ${path}`,
    build(entries) {
      let series: SeriesColumn = NO_SERIES;
      for (let at = 0; at < entries.length; at++) {
        const one = entries[at]?.seriesOf(path);
        if (one === undefined) continue;
        if (series.length === 0) series = new Int32Array(entries.length);
        if (one > INT32_MAX && series instanceof Int32Array) series = Float64Array.from(series);
        series[at] = one;
      }
      return series;
    },
  };
}

/** What presence knows of each: the same object for as long as the device exists. */
export function liveColumn(presence: Pick<LivePresence, 'live'>): ColumnKind<readonly LiveStatus[]> {
  return { key: 'live', build: (entries) => entries.map(({ id }) => presence.live(id)) };
}

/**
 * The beginnings of texts as numbers in the same order: of two texts, the one with the greater number comes later. Those of one number are to be compared themselves.
 * NaN: it has none.
 */
export function prefixColumn(texts: ColumnKind<TextColumn>, textOf: (entry: DeviceEntry) => string | undefined): ColumnKind<Float64Array> {
  return {
    key: `prefix ${texts.key}`,
    build: (entries) =>
      Float64Array.from(entries, (entry) => {
        const text = textOf(entry);
        return text === undefined ? Number.NaN : prefixOf(text);
      }),
  };
}

/** As many characters as a number has room for exactly. */
const PREFIX_CHARACTERS = 6;

export function prefixOf(text: string): number {
  let prefix = 0;
  let isOver = false;
  for (let at = 0; at < PREFIX_CHARACTERS; at++) {
    let character = isOver || at >= text.length ? 0 : text.charCodeAt(at);
    // All above count as one, and what is behind them does not count.
    if (character >= 0xff) {
      character = 0xff;
      isOver = true;
    }
    prefix = prefix * 256 + character;
  }
  return prefix;
}
