import { TAG } from '../../storage/sample-columns.ts';
import type { DeviceEntry } from '../directory.ts';
import { NO_VALUE } from '../newest-values.ts';
import { BLOCK_MAX } from '../sorted-devices.ts';
import type { BlockTable } from './block-table.ts';
import { compareKeys, type FirstDevices, type OrderKey } from './device-order.ts';
import { prefixOf, type SeriesColumn, type TextColumn } from './field-columns.ts';
import { type FieldPorts, isDeviceField } from './fields.ts';
import { newestOf, sourceOf } from './value-source.ts';

/** Offers the devices of a block that have 1 in the mask, with what they are sorted by. */
export type BlockOffer = (table: BlockTable, mask: Uint8Array, first: FirstDevices) => void;

/** Columns of newest values, and what comes early enough by its code: filled and read within one step. */
const NUMBERS = new Float64Array(BLOCK_MAX);
const TAGS = new Uint8Array(BLOCK_MAX);
const MAY_COME = new Uint8Array(256);

/** `by`: a field, `labels.NAME`, `aliases.KIND`, or the path of a point. */
export function blockOffer(by: string, ports: FieldPorts): BlockOffer {
  const dot = by.indexOf('.');
  const [name, key] = by.startsWith('labels.') || by.startsWith('aliases.') ? [by.slice(0, dot), by.slice(dot + 1)] : [by, null];
  const source = sourceOf({ name, key, quoted: !isDeviceField(name), variable: '' }, ports);
  switch (source.kind) {
    case 'numbers':
      return (table, mask, first) => offerNumbers(source.read(table), table.entries, mask, first);
    case 'texts':
      return (table, mask, first) => {
        const column = table.column(source.column);
        if (column.codes === null) offerTexts(column.texts, table.column(source.prefixes), table.entries, mask, first);
        else offerCodes(column.codes, column, table.entries, mask, first);
      };
    case 'newest':
      return (table, mask, first) => offerNewest(table.column(source.series), source.path, table, mask, first, ports);
    case 'each':
      return (table, mask, first) => {
        const valueAt = source.reader(table);
        offerEach((at) => keyOf(valueAt(at)), table.entries, mask, first);
      };
  }
}

function keyOf(value: unknown): OrderKey {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function offerEach(keyAt: (at: number) => OrderKey, entries: readonly DeviceEntry[], mask: Uint8Array, first: FirstDevices): void {
  for (let at = 0; at < mask.length; at++) {
    const entry = entries[at];
    if (mask[at] === 1 && entry !== undefined) first.offer(keyAt(at), entry);
  }
}

/** NaN: it has none, and comes last. */
function offerNumbers(numbers: Float64Array, entries: readonly DeviceEntry[], mask: Uint8Array, first: FirstDevices): void {
  const { descending, after } = first;
  // A number is compared with the last that is kept before anything is read of its device.
  let last = numberOf(first.last?.key);
  let isFull = first.last !== null && first.last.key !== null;
  const begin = numberOf(after?.key);
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] === 0) continue;
    const number = numbers[at] ?? Number.NaN;
    const isNone = Number.isNaN(number);
    if (isNone ? isFull : descending ? number <= last || number > begin : number >= last || number < begin) continue;
    const entry = entries[at];
    if (entry === undefined) continue;
    first.offer(isNone ? null : number, entry);
    last = numberOf(first.last?.key);
    isFull = first.last !== null && first.last.key !== null;
  }
}

/** NaN compares with nothing. */
function numberOf(key: OrderKey | undefined): number {
  return typeof key === 'number' ? key : Number.NaN;
}

function offerCodes(codes: Uint8Array, { texts }: TextColumn, entries: readonly DeviceEntry[], mask: Uint8Array, first: FirstDevices): void {
  const { last } = first;
  for (let code = 0; code < texts.length; code++) MAY_COME[code] = last === null || isBefore(texts[code] ?? null, last.key, first.descending) ? 1 : 0;
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] === 0) continue;
    const code = codes[at] ?? 0;
    if (MAY_COME[code] === 0) continue;
    const entry = entries[at];
    if (entry !== undefined) first.offer(texts[code] ?? null, entry);
    // What is kept has changed: from now on this text may come too late.
    if (first.last !== null && !isBefore(texts[code] ?? null, first.last.key, first.descending)) MAY_COME[code] = 0;
  }
}

function isBefore(key: OrderKey, last: OrderKey, descending: boolean): boolean {
  const keys = compareKeys(key, last);
  return descending && key !== null && last !== null ? keys > 0 : keys < 0;
}

function offerTexts(
  texts: readonly (string | undefined)[],
  prefixes: Float64Array,
  entries: readonly DeviceEntry[],
  mask: Uint8Array,
  first: FirstDevices,
): void {
  const { descending } = first;
  let lastKey: OrderKey | undefined;
  let last = Number.NaN;
  let isFull = false;
  for (let at = 0; at < mask.length; at++) {
    if (first.last?.key !== lastKey) {
      lastKey = first.last?.key;
      last = typeof lastKey === 'string' ? prefixOf(lastKey) : Number.NaN;
      isFull = lastKey !== undefined && lastKey !== null;
    }
    if (mask[at] === 0) continue;
    const prefix = prefixes[at] ?? Number.NaN;
    if (Number.isNaN(prefix) ? isFull : descending ? prefix < last : prefix > last) continue;
    const entry = entries[at];
    if (entry !== undefined) first.offer(texts[at] ?? null, entry);
  }
}

function offerNewest(series: SeriesColumn, path: string, { entries }: BlockTable, mask: Uint8Array, first: FirstDevices, { directory }: FieldPorts): void {
  let isPlain = true;
  if (series.length === 0) {
    NUMBERS.fill(Number.NaN, 0, mask.length);
  } else {
    directory.newest.read(series, mask.length, NUMBERS, TAGS);
    for (let at = 0; at < mask.length; at++) {
      if (TAGS[at] === NO_VALUE) NUMBERS[at] = Number.NaN;
      else if (TAGS[at] !== TAG.number) isPlain = false;
    }
  }
  if (isPlain) {
    offerNumbers(NUMBERS, entries, mask, first);
    return;
  }
  const keyAt = (at: number): OrderKey => {
    const tag = TAGS[at] ?? NO_VALUE;
    if (tag === NO_VALUE) return null;
    return tag === TAG.number ? (NUMBERS[at] ?? null) : keyOf(tag === TAG.boolean ? NUMBERS[at] !== 0 : newestOf(entries[at], path));
  };
  offerEach(keyAt, entries, mask, first);
}
