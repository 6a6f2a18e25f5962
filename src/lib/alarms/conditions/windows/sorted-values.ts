const FIRST_CAPACITY = 16;

/** Numbers in order: the median is looked up, and the median of the distances from it is found in a few steps. Adding and removing moves memory, which is fast for some thousands. */
export interface SortedValues {
  readonly size: number;
  add(value: number): void;
  /** One that was added. */
  remove(value: number): void;
  /** NaN when there are none. */
  median(): number;
  /** The median of the distances from `center`, which lies among the values. */
  medianDistance(center: number): number;
  meanDistance(center: number): number;
}

export function createSortedValues(): SortedValues {
  return new Sorted();
}

class Sorted implements SortedValues {
  size = 0;
  #values = new Float64Array(FIRST_CAPACITY);

  add(value: number): void {
    if (this.size === this.#values.length) {
      const larger = new Float64Array(this.size * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    const place = this.#placeOf(value);
    this.#values.copyWithin(place + 1, place, this.size);
    this.#values[place] = value;
    this.size += 1;
  }

  remove(value: number): void {
    const place = this.#placeOf(value);
    if (place === this.size || this.#values[place] !== value) return;
    this.#values.copyWithin(place, place + 1, this.size);
    this.size -= 1;
  }

  median(): number {
    const middle = this.size >> 1;
    const upper = this.#values[middle] ?? Number.NaN;
    return this.size === 0 ? Number.NaN : this.size % 2 === 1 ? upper : halfway(this.#at(middle - 1), upper);
  }

  medianDistance(center: number): number {
    const middle = this.size >> 1;
    const upper = this.#distanceOfRank(center, middle);
    return this.size % 2 === 1 ? upper : halfway(this.#distanceOfRank(center, middle - 1), upper);
  }

  meanDistance(center: number): number {
    let sum = 0;
    for (let index = 0; index < this.size; index += 1) sum += Math.abs(this.#at(index) - center);
    return sum / this.size;
  }

  /**
   * The distances of those below the center, and of those above it, are two lists in order, grown from the middle outwards. Finds how many of the first list are among the
   * `rank` smallest of both, by halving.
   */
  #distanceOfRank(center: number, rank: number): number {
    const split = this.#placeOf(center);
    const [belowCount, aboveCount] = [split, this.size - split];
    const below = (index: number): number =>
      index < 0 ? Number.NEGATIVE_INFINITY : index >= belowCount ? Number.POSITIVE_INFINITY : center - this.#at(split - 1 - index);
    const above = (index: number): number =>
      index < 0 ? Number.NEGATIVE_INFINITY : index >= aboveCount ? Number.POSITIVE_INFINITY : this.#at(split + index) - center;
    let least = Math.max(0, rank - aboveCount);
    let most = Math.min(rank, belowCount);
    while (least < most) {
      const taken = (least + most) >> 1;
      // Too few of the first list, if the next of it is smaller than the last that was taken of the second.
      if (below(taken) < above(rank - taken - 1)) least = taken + 1;
      else most = taken;
    }
    return Math.min(below(least), above(rank - least));
  }

  #at(index: number): number {
    return this.#values[index] as number;
  }

  /** The first place whose value is not less. */
  #placeOf(value: number): number {
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#at(middle) < value) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Does not overflow for the largest numbers. */
function halfway(one: number, other: number): number {
  return one / 2 + other / 2;
}
