import type { RollupAggregate } from '../domain/aggregate.ts';

/** Takes numbers one by one, or those of another tally at once, and holds no more of them than its aggregate needs. */
export interface NumberTally {
  readonly count: number;
  add(value: number): void;
  merge(other: NumberTally): void;
  /** null: of no number. */
  value(): number | null;
}

export function createNumberTally(aggregate: RollupAggregate): NumberTally {
  return aggregate === 'median' ? new Median() : new Running(aggregate);
}

/** Mean and squared distances are merged as Chan, Golub and LeVeque (1979) do: sums of squares would lose the digits of large values. */
class Running implements NumberTally {
  count = 0;
  #mean = 0;
  #distances = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  readonly #aggregate: RollupAggregate;

  constructor(aggregate: RollupAggregate) {
    this.#aggregate = aggregate;
  }

  add(value: number): void {
    this.count += 1;
    const distance = value - this.#mean;
    this.#mean += distance / this.count;
    this.#distances += distance * (value - this.#mean);
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  merge(other: NumberTally): void {
    if (!(other instanceof Running) || other.count === 0) return;
    const count = this.count + other.count;
    const distance = other.#mean - this.#mean;
    this.#distances += other.#distances + (distance * distance * this.count * other.count) / count;
    this.#mean += (distance * other.count) / count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.count = count;
  }

  value(): number | null {
    if (this.#aggregate === 'count') return this.count;
    if (this.count === 0) return null;
    switch (this.#aggregate) {
      case 'min':
        return this.#min;
      case 'max':
        return this.#max;
      case 'sum':
        return this.#sum;
      case 'stddev':
        return this.count < 2 ? 0 : Math.sqrt(this.#distances / (this.count - 1));
      default:
        return this.#mean;
    }
  }
}

class Median implements NumberTally {
  readonly #values: number[] = [];

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    this.#values.push(value);
  }

  merge(other: NumberTally): void {
    if (other instanceof Median) for (const value of other.#values) this.#values.push(value);
  }

  value(): number | null {
    const { length } = this.#values;
    if (length === 0) return null;
    const sorted = Float64Array.from(this.#values).sort();
    const [low = 0, high = 0] = [sorted[(length - 1) >> 1], sorted[length >> 1]];
    return (low + high) / 2;
  }
}
