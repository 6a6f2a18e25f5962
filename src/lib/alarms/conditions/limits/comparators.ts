import type { JsonValue } from '../../../domain/value.ts';
import { formatFigure } from '../figures.ts';
import type { Edge } from './edges.ts';

/** Compares a figure with limits, each with its deadband, and gives the worst level that holds. */
export interface Comparators {
  /** The finding. */
  judge(figure: number): number;
  /** Figures from `normalLow` (inclusive) to `normalHigh` (exclusive) are normal, while normal was found before. */
  readonly normalLow: number;
  readonly normalHigh: number;
  /** Why the last figure was found what it was. */
  explain(): string;
  save(): JsonValue;
  restore(saved: JsonValue): void;
}

/** `edges`: the worst first, at most 32. `format`: how figures and limits are written. */
export function createComparators(edges: readonly Edge[], format: (figure: number) => string = formatFigure): Comparators {
  return new EdgeComparators(edges, format);
}

/** A class with plain fields, because it sees every sample that is not quiet. */
class EdgeComparators implements Comparators {
  readonly normalLow: number;
  readonly normalHigh: number;
  readonly #edges: readonly Edge[];
  readonly #format: (figure: number) => string;
  /** One bit for each edge: beyond it, and not yet back over its deadband. */
  #beyond = 0;
  #finding = 0;
  #figure = Number.NaN;

  constructor(edges: readonly Edge[], format: (figure: number) => string) {
    this.#edges = edges;
    this.#format = format;
    this.normalHigh = edges.reduce((least, { side, limit }) => (side === 'high' ? Math.min(least, limit) : least), Number.POSITIVE_INFINITY);
    this.normalLow = edges.reduce((most, { side, limit }) => (side === 'low' ? Math.max(most, limit) : most), Number.NEGATIVE_INFINITY);
  }

  judge(figure: number): number {
    this.#figure = figure;
    const before = this.#beyond;
    if (before === 0 && figure >= this.normalLow && figure < this.normalHigh) return 0;
    let beyond = 0;
    let finding = 0;
    for (let index = 0; index < this.#edges.length; index += 1) {
      const edge = this.#edges[index] as Edge;
      const bit = 1 << index;
      const limit = (before & bit) === 0 ? edge.limit : edge.clear;
      if (edge.side === 'high' ? !(figure >= limit) : !(figure < limit)) continue;
      beyond |= bit;
      if (finding === 0) finding = edge.finding;
    }
    this.#beyond = beyond;
    this.#finding = finding;
    return finding;
  }

  explain(): string {
    const figure = this.#figure;
    if (Number.isNaN(figure)) return 'nothing to compare yet';
    const format = this.#format;
    const edge = this.#edges.find(({ finding }, index) => finding === this.#finding && (this.#beyond & (1 << index)) !== 0);
    if (edge === undefined) return `${format(figure)} is ${this.#normal()}`;
    const { side, limit, clear, level } = edge;
    const high = side === 'high';
    if (high ? figure >= limit : figure < limit) {
      return `${format(figure)} ${high ? '>=' : '<'} ${format(limit)} (${level}), leaves ${high ? 'below' : 'from'} ${format(clear)}`;
    }
    return `${format(figure)} has not come back ${high ? 'below' : 'to'} ${format(clear)} after ${format(limit)} (${level})`;
  }

  save(): JsonValue {
    return this.#beyond === 0 ? null : this.#edges.filter((_, index) => (this.#beyond & (1 << index)) !== 0).map(nameOf);
  }

  restore(saved: JsonValue): void {
    this.#beyond = 0;
    this.#finding = 0;
    if (!Array.isArray(saved)) return;
    for (const [index, edge] of this.#edges.entries()) {
      if (!saved.includes(nameOf(edge))) continue;
      this.#beyond |= 1 << index;
      if (this.#finding === 0) this.#finding = edge.finding;
    }
  }

  #normal(): string {
    const [low, high] = [this.#format(this.normalLow), this.#format(this.normalHigh)];
    if (this.normalLow === Number.NEGATIVE_INFINITY) return `below ${high}`;
    return this.normalHigh === Number.POSITIVE_INFINITY ? `not below ${low}` : `between ${low} and ${high}`;
  }
}

function nameOf({ level, side }: Edge): string {
  return `${level} ${side}`;
}
