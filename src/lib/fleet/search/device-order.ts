import type { DeviceEntry } from '../directory.ts';
import { newestOf } from './ask-block.ts';
import { type FieldPorts, fieldOf, isDeviceField } from './fields.ts';

export interface DeviceOrder {
  /** A field, `labels.NAME`, `aliases.KIND`, or the path of a point. */
  readonly by: string;
  readonly descending: boolean;
}

/** What a device is sorted by; null: it has none, and comes last whichever way the others go. */
export type OrderKey = string | number | boolean | null;

export interface Ordered {
  readonly key: OrderKey;
  readonly id: string;
}

export function orderKeys(by: string, ports: FieldPorts): (entry: DeviceEntry) => OrderKey {
  const [map, name] = by.startsWith('labels.') || by.startsWith('aliases.') ? [by.slice(0, by.indexOf('.')), by.slice(by.indexOf('.') + 1)] : [by, null];
  return (entry) => {
    const value = isDeviceField(map) ? fieldOf(entry, map, ports) : newestOf(entry, by);
    const own = name === null ? value : (value as Readonly<Record<string, unknown>> | undefined)?.[name];
    return typeof own === 'string' || typeof own === 'number' || typeof own === 'boolean' ? own : null;
  };
}

/** By key, then by id, which only grows. Numbers come before texts. */
export function compareOrdered(one: Ordered, other: Ordered, descending: boolean): number {
  const keys = compareKeys(one.key, other.key);
  if (keys !== 0) return descending && one.key !== null && other.key !== null ? -keys : keys;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

function compareKeys(one: OrderKey, other: OrderKey): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? 1 : -1;
  if (typeof one !== typeof other) return typeof one === 'string' ? 1 : typeof other === 'string' ? -1 : Number(one) - Number(other);
  return one < other ? -1 : 1;
}

/** The first so many of what is offered, without keeping the rest. */
export function firstOf<Item extends Ordered>(max: number, descending: boolean): { offer(item: Item): void; readonly items: readonly Item[] } {
  const items: Item[] = [];
  return {
    items,
    offer(item) {
      const last = items[items.length - 1];
      if (items.length === max && last !== undefined && compareOrdered(item, last, descending) >= 0) return;
      let low = 0;
      let high = items.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const there = items[middle];
        if (there !== undefined && compareOrdered(there, item, descending) < 0) low = middle + 1;
        else high = middle;
      }
      items.splice(low, 0, item);
      if (items.length > max) items.pop();
    },
  };
}
