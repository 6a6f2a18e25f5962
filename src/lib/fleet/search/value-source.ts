import type { Named } from '../../expressions/condition.ts';
import type { DeviceEntry } from '../directory.ts';
import { isOnline, type LiveStatus } from '../live-presence.ts';
import { BLOCK_MAX } from '../sorted-devices.ts';
import type { BlockTable, ColumnKind } from './block-table.ts';
import { liveColumn, numberColumn, prefixColumn, type SeriesColumn, seriesColumn, type TextColumn, textColumn } from './field-columns.ts';
import { type FieldPorts, fieldOf, isDeviceField } from './fields.ts';

/** Where the values of a name come from, and so how a whole block is asked at once. */
export type ValueSource =
  /** NaN: it has none. What is read stands until the next read of any source. */
  | { readonly kind: 'numbers'; read(table: BlockTable): Float64Array }
  | { readonly kind: 'texts'; readonly column: ColumnKind<TextColumn>; readonly prefixes: ColumnKind<Float64Array> }
  | { readonly kind: 'newest'; readonly path: string; readonly series: ColumnKind<SeriesColumn> }
  /** undefined: it has none. */
  | { readonly kind: 'each'; reader(table: BlockTable): (at: number) => unknown };

const TEXT_FIELDS = ['id', 'name', 'kind', 'type', 'parent', 'state'] as const;
const TIME_FIELDS = ['createdAt', 'updatedAt'] as const;
type TextField = (typeof TEXT_FIELDS)[number];

/** Numbers of presence: filled and read within one step. */
const LIVE_NUMBERS = new Float64Array(BLOCK_MAX);

export function sourceOf(named: Named, ports: FieldPorts): ValueSource {
  const { name, key } = named;
  if (named.quoted || !isDeviceField(name)) return { kind: 'newest', path: name, series: seriesColumn(name) };
  if (name === 'labels' || name === 'aliases') return texts(`${name}.${key}`, ({ device }) => entryOf(device[name], key));
  if (isOneOf(TEXT_FIELDS, name)) return texts(name, ({ device }) => device[name as TextField] ?? undefined);
  if (isOneOf(TIME_FIELDS, name)) {
    const column = numberColumn(name, ({ device }) => device[name as 'createdAt' | 'updatedAt']);
    return { kind: 'numbers', read: (table) => table.column(column) };
  }
  const live = liveColumn(ports.presence);
  switch (name) {
    case 'lastSeenAt':
      return liveNumbers(live, (status) => status.lastSeenAt);
    case 'connectedAt':
      return liveNumbers(live, (status) => (isOnline(status) ? status.connectedAt : null));
    case 'online':
      return liveValues(live, isOnline);
    case 'address':
      return liveValues(live, ({ lastAddress }) => lastAddress ?? undefined);
    case 'protocol':
      return liveValues(live, ({ protocol }) => protocol ?? undefined);
    default:
      return {
        kind: 'each',
        reader:
          ({ entries }) =>
          (at) =>
            newestOrField(entries[at], named, ports),
      };
  }
}

/** Of one device; undefined: it has none. */
export function newestOrField(entry: DeviceEntry | undefined, { name, quoted }: Named, ports: FieldPorts): unknown {
  if (entry === undefined) return undefined;
  return quoted || !isDeviceField(name) ? newestOf(entry, name) : fieldOf(entry, name, ports);
}

/** undefined: it has no such point, or no value yet. */
export function newestOf(entry: DeviceEntry | undefined, path: string): unknown {
  return entry?.points.get(path)?.latest?.value;
}

function texts(key: string, textOf: (entry: DeviceEntry) => string | undefined): ValueSource {
  const column = textColumn(key, textOf);
  return { kind: 'texts', column, prefixes: prefixColumn(column, textOf) };
}

function liveNumbers(live: ColumnKind<readonly LiveStatus[]>, numberOf: (status: LiveStatus) => number | null): ValueSource {
  return {
    kind: 'numbers',
    read(table) {
      const statuses = table.column(live);
      for (let at = 0; at < statuses.length; at++) {
        const status = statuses[at];
        LIVE_NUMBERS[at] = (status === undefined ? null : numberOf(status)) ?? Number.NaN;
      }
      return LIVE_NUMBERS;
    },
  };
}

function liveValues(live: ColumnKind<readonly LiveStatus[]>, readOf: (status: LiveStatus) => unknown): ValueSource {
  return {
    kind: 'each',
    reader(table) {
      const statuses = table.column(live);
      return (at) => {
        const status = statuses[at];
        return status === undefined ? undefined : readOf(status);
      };
    },
  };
}

function entryOf(map: Readonly<Record<string, string | undefined>>, key: string | null): string | undefined {
  return key !== null && Object.hasOwn(map, key) ? map[key] : undefined;
}

function isOneOf<Text extends string>(texts: readonly Text[], text: string): text is Text {
  return (texts as readonly string[]).includes(text);
}
