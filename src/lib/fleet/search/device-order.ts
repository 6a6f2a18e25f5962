import type { DeviceEntry } from '../directory.ts';

export interface DeviceOrder {
  /** A field, `labels.NAME`, `aliases.KIND`, or the path of a point. */
  readonly by: string;
  readonly descending: boolean;
}

/** What a device is sorted by; null: it has none, and comes last whichever way the others go. */
export type OrderKey = string | number | boolean | null;

/** Where a device stands. */
export interface Ordered {
  readonly key: OrderKey;
  readonly id: string;
}

export interface OrderedDevice extends Ordered {
  readonly entry: DeviceEntry;
}

/** By key, then by id, which only grows. Numbers come before texts. */
export function compareOrdered(one: Ordered, other: Ordered, descending: boolean): number {
  return compare(one.key, one.id, other.key, other.id, descending);
}

function compare(oneKey: OrderKey, oneId: string, otherKey: OrderKey, otherId: string, descending: boolean): number {
  const keys = compareKeys(oneKey, otherKey);
  if (keys !== 0) return descending && oneKey !== null && otherKey !== null ? -keys : keys;
  return oneId < otherId ? -1 : oneId > otherId ? 1 : 0;
}

/** Below 0: the one comes first, when keys grow. */
export function compareKeys(one: OrderKey, other: OrderKey): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? 1 : -1;
  if (typeof one !== typeof other) return typeof one === 'string' ? 1 : typeof other === 'string' ? -1 : Number(one) - Number(other);
  return one < other ? -1 : 1;
}

/** The first so many of what is offered. Devices are offered in the order of their ids. */
export interface FirstDevices {
  offer(key: OrderKey, entry: DeviceEntry): void;
  /** The last of those that are kept, once there is no room for more: who has its key or one behind it, and is offered later, is none of the first. null: there is room. */
  readonly last: Ordered | null;
  /** What is wanted stands behind this one. */
  readonly after: Ordered | null;
  readonly descending: boolean;
  /** In their order. */
  sorted(): readonly OrderedDevice[];
}

/**
 * Keeps no more than it gives, as a heap with the last of them on top: most of a million are told from it by one comparison and are gone, also when each comes before
 * all that were offered so far. `after`: only what stands behind it counts.
 */
export function firstOf(max: number, descending: boolean, after: Ordered | null): FirstDevices {
  const heap: OrderedDevice[] = [];
  const isBehind = (one: OrderedDevice, other: OrderedDevice) => compareOrdered(one, other, descending) > 0;
  return {
    after,
    descending,
    get last() {
      return heap.length < max ? null : (heap[0] ?? null);
    },
    offer(key, entry) {
      const { id } = entry.device;
      const top = heap[0];
      if (heap.length === max && top !== undefined && compare(key, id, top.key, top.id, descending) >= 0) return;
      if (after !== null && compare(key, id, after.key, after.id, descending) <= 0) return;
      const item = { key, id, entry };
      if (heap.length < max) rise(item);
      else sink(item);
    },
    sorted: () => [...heap].sort((one, other) => compareOrdered(one, other, descending)),
  };

  /** One more. */
  function rise(item: OrderedDevice): void {
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBehind(item, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = item;
  }

  /** In place of the last one. */
  function sink(item: OrderedDevice): void {
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBehind(right, child)) {
        below += 1;
        child = right;
      }
      if (!isBehind(child, item)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = item;
  }
}
