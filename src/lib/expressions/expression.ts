import type { JsonValue } from '../domain/value.ts';

/** What an expression may name. `dyn`: any value. */
export type ExpressionType = 'number' | 'string' | 'bool' | 'list' | 'map' | 'dyn';

export interface ExpressionSurroundings {
  readonly variables: Readonly<Record<string, ExpressionType>>;
}

/** One expression of Muster's language (CEL with numbers that mix, docs/operate/expressions.md), compiled. Has no side effects, and ends. */
export interface Expression {
  readonly source: string;
  /** The variables that it names. */
  readonly variables: readonly string[];
  /** Those of them that it asks for with has(): it can do without. */
  readonly asked: readonly string[];
  /** Throws MusterError `invalid` when it cannot be computed from these values, such as a missing name or a wrong type. */
  evaluate(bindings: Readonly<Record<string, unknown>>): JsonValue;
  /** Does it hold? null: it has no value, or is neither true nor false. Never throws, and costs little where many have no value. */
  holds(bindings: Readonly<Record<string, unknown>>): boolean | null;
}
