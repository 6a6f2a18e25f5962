import type { Level } from '../../../domain/severity.ts';
import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { type ConditionRun, KEEP } from '../condition.ts';
import type { Edge } from './edges.ts';

/** The comparators of one point. `edges`: the worst first, at most 32. Values that are no numbers say nothing. */
export function createBands(edges: readonly Edge[], levels: readonly Level[]): ConditionRun {
  return new BandsRun(edges, levels);
}

/** A class with plain fields, because it sees every sample that is not quiet. */
class BandsRun implements ConditionRun {
  readonly dueAt = Number.POSITIVE_INFINITY;
  readonly quietLow: number;
  readonly quietHigh: number;
  readonly #edges: readonly Edge[];
  readonly #levels: readonly Level[];
  /** One bit for each edge: beyond it, and not back over its deadband. */
  #beyond = 0;
  #finding = 0;
  #value: number | null = null;

  constructor(edges: readonly Edge[], levels: readonly Level[]) {
    this.#edges = edges;
    this.#levels = levels;
    this.quietHigh = edges.reduce((least, { side, limit }) => (side === 'high' ? Math.min(least, limit) : least), Number.POSITIVE_INFINITY);
    this.quietLow = edges.reduce((most, { side, limit }) => (side === 'low' ? Math.max(most, limit) : most), Number.NEGATIVE_INFINITY);
  }

  sample(_slot: number, _time: number, value: SampleValue): number {
    if (typeof value !== 'number') return KEEP;
    this.#value = value;
    if (this.#beyond === 0 && value >= this.quietLow && value < this.quietHigh) return 0;
    let beyond = 0;
    let finding = 0;
    for (let index = 0; index < this.#edges.length; index += 1) {
      const edge = this.#edges[index] as Edge;
      const bit = 1 << index;
      const limit = (this.#beyond & bit) === 0 ? edge.limit : edge.clear;
      if (edge.side === 'high' ? value < limit : value >= limit) continue;
      beyond |= bit;
      if (finding === 0) finding = edge.finding;
    }
    this.#beyond = beyond;
    this.#finding = finding;
    return finding;
  }

  elapsed(): number {
    return KEEP;
  }

  explain(): string {
    if (this.#value === null) return 'no value yet';
    const edge = this.#edges.find(({ finding }, index) => finding === this.#finding && (this.#beyond & (1 << index)) !== 0);
    if (edge === undefined) return `${this.#value} is ${this.#normal()}`;
    const { side, limit, clear } = edge;
    const high = side === 'high';
    const level = this.#levels[edge.finding - 1]?.name ?? '';
    if (high ? this.#value >= limit : this.#value < limit) {
      return `${this.#value} ${high ? '>=' : '<'} ${limit} (${level}), leaves ${high ? 'below' : 'from'} ${clear}`;
    }
    return `${this.#value} has not come back ${high ? 'below' : 'to'} ${clear} after ${limit} (${level})`;
  }

  save(): JsonValue {
    return this.#beyond === 0 ? null : this.#edges.filter((_, index) => (this.#beyond & (1 << index)) !== 0).map(nameOf);
  }

  restore(saved: JsonValue): void {
    if (!Array.isArray(saved)) return;
    this.#beyond = 0;
    this.#finding = 0;
    for (const [index, edge] of this.#edges.entries()) {
      if (!saved.includes(nameOf(edge))) continue;
      this.#beyond |= 1 << index;
      if (this.#finding === 0) this.#finding = edge.finding;
    }
  }

  #normal(): string {
    if (this.quietLow === Number.NEGATIVE_INFINITY) return `below ${this.quietHigh}`;
    return this.quietHigh === Number.POSITIVE_INFINITY ? `not below ${this.quietLow}` : `between ${this.quietLow} and ${this.quietHigh}`;
  }
}

function nameOf({ level, side }: Edge): string {
  return `${level} ${side}`;
}
