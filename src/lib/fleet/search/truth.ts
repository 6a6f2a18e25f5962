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

/** `not`, of the first so many. */
export function negate(truths: Uint8Array, count: number): void {
  for (let at = 0; at < count; at++) {
    const truth = truths[at];
    if (truth !== UNKNOWN) truths[at] = truth === YES ? NO : YES;
  }
}
