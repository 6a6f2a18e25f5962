import type { PointPath } from '../../domain/ids.ts';
import type { Named } from '../../expressions/condition.ts';
import type { DeviceEntry } from '../directory.ts';
import type { LiveStatus } from '../live-presence.ts';
import type { DeviceBlock } from '../sorted-devices.ts';
import { type BlockText, createBlockText } from './block-text.ts';
import { type FieldPorts, fieldOf, isDeviceField } from './fields.ts';

/** What a block of devices was asked for, as columns: it is kept until one of its devices changes. */
export interface BlockTable {
  readonly entries: readonly DeviceEntry[];
  readonly text: BlockText;
  /** Series of a point of each; 0: it has no such point. */
  seriesOf(path: string): Float64Array;
  readonly live: readonly LiveStatus[];
  /** Of a field that changes with the device only. */
  valuesOf(named: Named): readonly unknown[];
}

/** A table is made when it is first asked for, and thrown away when its block has changed. `forget` throws all of them away. */
export function createBlockTables(ports: FieldPorts): { of(block: DeviceBlock<DeviceEntry>): BlockTable; forget(): void } {
  let tables = new WeakMap<DeviceBlock<DeviceEntry>, { readonly changes: number; readonly table: BlockTable }>();
  return {
    of(block) {
      const known = tables.get(block);
      if (known !== undefined && known.changes === block.changes) return known.table;
      const table = tableOf([...block.entries], ports);
      tables.set(block, { changes: block.changes, table });
      return table;
    },
    forget() {
      tables = new WeakMap();
    },
  };
}

export function tableOf(entries: readonly DeviceEntry[], ports: FieldPorts): BlockTable {
  const { presence } = ports;
  const series = new Map<string, Float64Array>();
  const values = new Map<string, readonly unknown[]>();
  let text: BlockText | null = null;
  let live: readonly LiveStatus[] | null = null;
  return {
    entries,
    get text() {
      text ??= createBlockText(entries);
      return text;
    },
    seriesOf(path) {
      let column = series.get(path);
      if (column === undefined) {
        column = Float64Array.from(entries, ({ points }) => points.get(path as PointPath)?.point.series ?? 0);
        series.set(path, column);
      }
      return column;
    },
    get live() {
      live ??= entries.map(({ device }) => presence.live(device.id));
      return live;
    },
    valuesOf(named) {
      const key = named.key === null ? named.name : `${named.name}.${named.key}`;
      let column = values.get(key);
      if (column === undefined) {
        column = entries.map((entry) => entryOf(isDeviceField(named.name) ? fieldOf(entry, named.name, ports) : undefined, named.key));
        values.set(key, column);
      }
      return column;
    },
  };
}

function entryOf(value: unknown, key: string | null): unknown {
  if (key === null) return value;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
