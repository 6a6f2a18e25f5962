import type { JsonValue } from '../domain/value.ts';

/** What an expression may name. `dyn`: any value. */
export type ExpressionType = 'number' | 'string' | 'bool' | 'list' | 'map' | 'dyn';

export interface ExpressionSurroundings {
  readonly variables: Readonly<Record<string, ExpressionType>>;
}

/** One expression of Muster's language (CEL with numbers that mix, docs/reference/expressions.md), compiled. Has no side effects, and ends. */
export interface Expression {
  readonly source: string;
  /** The variables that it names. */
  readonly variables: readonly string[];
  /** Throws MusterError `invalid` when it cannot be computed from these values, such as a missing name or a wrong type. */
  evaluate(bindings: Readonly<Record<string, unknown>>): JsonValue;
}
