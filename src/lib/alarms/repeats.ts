import type { JsonValue } from '../domain/value.ts';
import type { Repeat } from './rule.ts';

/** When samples were beyond each level, as far as it matters for the repeats. Levels are numbered from 1. */
export interface BeyondTimes {
  /** At `time` it was at this level or worse: counts for it and the better ones, down to `from`. Times do not fall; several of one time count once. */
  add(level: number, from: number, time: number): void;
  /** Were there as many as wanted within the window that ends at `time`, its beginning included? */
  isEnough(level: number, time: number): boolean;
  /** What still counts at `time`: pairs of a name and its times. null: nothing. */
  save(time: number, nameOf: (level: number) => string): JsonValue;
  restore(saved: readonly (readonly [level: number, times: readonly number[]])[]): void;
}

/** A ring of the newest times for each level: made when its first sample comes. */
export function createBeyondTimes(levels: number, { times, withinMs }: Repeat): BeyondTimes {
  const rings = new Array<Ring | null>(levels).fill(null);
  function addTo(level: number, time: number): void {
    const ring = rings[level - 1] ?? createRing(times);
    rings[level - 1] = ring;
    if (ring.count > 0 && newestOf(ring) === time) return;
    ring.times[ring.next] = time;
    ring.next = (ring.next + 1) % times;
    ring.count = Math.min(ring.count + 1, times);
  }
  return {
    add(level, from, time) {
      for (let each = from; each <= level; each += 1) addTo(each, time);
    },
    isEnough(level, time) {
      const ring = rings[level - 1];
      // Full: the next place holds the oldest.
      return ring != null && ring.count === times && (ring.times[ring.next] ?? 0) >= time - withinMs;
    },
    save(time, nameOf) {
      const saved: JsonValue[] = [];
      for (const [index, ring] of rings.entries()) {
        const kept = ring === null ? [] : inOrder(ring).filter((each) => each >= time - withinMs);
        if (kept.length > 0) saved.push([nameOf(index + 1), kept]);
      }
      return saved.length === 0 ? null : saved;
    },
    restore(saved) {
      rings.fill(null);
      for (const [level, kept] of saved) for (const time of kept) addTo(level, time);
    },
  };
}

interface Ring {
  readonly times: Float64Array;
  next: number;
  count: number;
}

function createRing(size: number): Ring {
  return { times: new Float64Array(size), next: 0, count: 0 };
}

function newestOf({ times, next }: Ring): number | undefined {
  return times[(next - 1 + times.length) % times.length];
}

function inOrder({ times, next, count }: Ring): number[] {
  return Array.from({ length: count }, (_, index) => times[(next - count + index + times.length) % times.length] ?? 0);
}
