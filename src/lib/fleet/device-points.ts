import type { PointEntry } from './point-entry.ts';

/** Points as they came from the disk. */
export interface PackedPoints {
  /** Adds each. */
  unpack(points: DevicePoints): void;
}

/** Up to so many points are looked for one after the other. */
const FEW = 6;

/**
 * The points of a device by path, in the order in which they came. Most devices of a large fleet have a few: a `Map` takes 184 bytes before it holds anything, this
 * 48.
 */
export class DevicePoints implements ReadonlyMap<string, PointEntry> {
  #list: PointEntry[] = NONE;
  #byPath: Map<string, PointEntry> | null = null;
  #packed: PackedPoints | null = null;

  /** They are put in by `packed` when somebody first asks for one: most devices of a large fleet are silent for long. */
  pack(packed: PackedPoints): void {
    this.#packed = packed;
  }
  unpack(): void {
    const packed = this.#packed;
    this.#packed = null;
    packed?.unpack(this);
  }

  get size(): number {
    if (this.#packed !== null) this.unpack();
    return this.#byPath === null ? this.#list.length : this.#byPath.size;
  }
  get(path: string): PointEntry | undefined {
    if (this.#packed !== null) this.unpack();
    if (this.#byPath !== null) return this.#byPath.get(path);
    for (const entry of this.#list) if (entry.point.path === path) return entry;
    return undefined;
  }
  has(path: string): boolean {
    return this.get(path) !== undefined;
  }
  /** Of a path that is not there yet. */
  add(entry: PointEntry): void {
    if (this.#packed !== null) this.unpack();
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
    if (this.#packed !== null) this.unpack();
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
