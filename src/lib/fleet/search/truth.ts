import type { Comparison, Literal } from '../../expressions/condition.ts';

/** Of each device: no, yes, or nobody can say. */
export const NO = 0;
export const YES = 1;
export const UNKNOWN = 2;

/** A value compared with what a condition says. What is missing, or cannot be compared, is unknown; values of different kinds are not equal. */
export function comparator(op: Comparison, literal: Literal): (value: unknown) => number {
  switch (op) {
    case '==':
      return (value) => (value === undefined ? UNKNOWN : Number(value === literal));
    case '!=':
      return (value) => (value === undefined ? UNKNOWN : Number(value !== literal));
    case '<':
      return (value) => (typeof value === typeof literal && typeof value !== 'boolean' ? Number((value as Literal) < literal) : UNKNOWN);
    case '<=':
      return (value) => (typeof value === typeof literal && typeof value !== 'boolean' ? Number((value as Literal) <= literal) : UNKNOWN);
    case '>':
      return (value) => (typeof value === typeof literal && typeof value !== 'boolean' ? Number((value as Literal) > literal) : UNKNOWN);
    case '>=':
      return (value) => (typeof value === typeof literal && typeof value !== 'boolean' ? Number((value as Literal) >= literal) : UNKNOWN);
  }
}

export function isAmong(literals: readonly Literal[]): (value: unknown) => number {
  const set: ReadonlySet<unknown> = new Set(literals);
  return (value) => (value === undefined ? UNKNOWN : Number(set.has(value)));
}

export function isThere(value: unknown): number {
  return Number(value !== undefined && value !== null);
}

/** `not`. */
export function negate(truths: Uint8Array): void {
  for (let at = 0; at < truths.length; at++) {
    const truth = truths[at];
    if (truth !== UNKNOWN) truths[at] = truth === YES ? NO : YES;
  }
}

/** `and`, `or`: one side that decides is enough. */
export function join(all: Uint8Array, side: Uint8Array, decides: number): void {
  for (let at = 0; at < all.length; at++) {
    if (all[at] === decides) continue;
    if (side[at] === decides) all[at] = decides;
    else if (side[at] === UNKNOWN) all[at] = UNKNOWN;
  }
}
