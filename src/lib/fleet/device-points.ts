import type { PointEntry } from './point-entry.ts';

/** Up to so many points are looked for one after the other. */
const FEW = 6;

/**
 * The points of a device by path, in the order in which they came. Most devices of a large fleet have a few: a `Map` takes 184 bytes before it holds anything, this
 * 48.
 */
export class DevicePoints implements ReadonlyMap<string, PointEntry> {
  #list: PointEntry[] = NONE;
  #byPath: Map<string, PointEntry> | null = null;

  get size(): number {
    return this.#byPath === null ? this.#list.length : this.#byPath.size;
  }
  get(path: string): PointEntry | undefined {
    if (this.#byPath !== null) return this.#byPath.get(path);
    for (const entry of this.#list) if (entry.point.path === path) return entry;
    return undefined;
  }
  has(path: string): boolean {
    return this.get(path) !== undefined;
  }
  /** Of a path that is not there yet. */
  add(entry: PointEntry): void {
    if (this.#byPath !== null) {
      this.#byPath.set(entry.point.path, entry);
    } else if (this.#list.length < FEW) {
      // Not pushed, and not spread: an array that grows has room for sixteen more.
      this.#list = this.#list.length === 0 ? [entry] : this.#list.concat(entry);
    } else {
      this.#byPath = new Map([...this.#list, entry].map((one) => [one.point.path, one]));
      this.#list = NONE;
    }
  }
  values(): MapIterator<PointEntry> {
    return this.#byPath === null ? (this.#list.values() as MapIterator<PointEntry>) : this.#byPath.values();
  }
  *keys(): MapIterator<string> {
    for (const entry of this.values()) yield entry.point.path;
  }
  *entries(): MapIterator<[string, PointEntry]> {
    for (const entry of this.values()) yield [entry.point.path, entry];
  }
  [Symbol.iterator](): MapIterator<[string, PointEntry]> {
    return this.entries();
  }
  forEach(visit: (value: PointEntry, key: string, map: ReadonlyMap<string, PointEntry>) => void): void {
    for (const entry of this.values()) visit(entry, entry.point.path, this);
  }
}

const NONE: PointEntry[] = [];
