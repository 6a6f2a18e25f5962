import type { ASTNode } from '@marcbachmann/cel-js';
import { Mistake } from './code.ts';
import { compileNode, type ExpressionProblem, parseSource, SOURCE_LENGTH_MAX } from './compile-expression.ts';
import type { Expression, ExpressionType } from './expression.ts';
import { reword } from './words.ts';

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type Literal = number | string | boolean;

/** A name, and of a map one of its entries: `labels.site`. `quoted`: it was a path, or stood in backquotes, and is no field. */
export interface Named {
  readonly name: string;
  readonly key: string | null;
  readonly quoted: boolean;
  /** What an expression knows it by. */
  readonly variable: string;
}

/**
 * What a condition asks, as far as it is simple: who has a table of the values answers it for many at once. What is not simple is `computed`.
 * A condition holds, does not hold, or is unknown, because a value is missing or of another kind. `not` of what is unknown is unknown; `and` and `or` need one side
 * that decides.
 */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly sides: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'compare'; readonly named: Named; readonly op: Comparison; readonly value: Literal }
  | { readonly kind: 'among'; readonly named: Named; readonly values: readonly Literal[] }
  | { readonly kind: 'there'; readonly named: Named }
  | { readonly kind: 'computed'; readonly expression: Expression; readonly names: readonly Named[] };

export interface ConditionSurroundings {
  readonly fields: Readonly<Record<string, ExpressionType>>;
}

export type CompiledCondition = { readonly ok: true; readonly condition: Condition; readonly names: readonly Named[] } | ExpressionProblem;

/**
 * Reads a condition: the language of expressions, with the words `and`, `or`, `not`, and with paths as names (words.ts). A name that is no field is whatever the one
 * who asks makes of it: any value, or none. Never throws.
 */
export function compileCondition(source: string, { fields }: ConditionSurroundings): CompiledCondition {
  const { text, names: standIns, originOf } = reword(source.slice(0, SOURCE_LENGTH_MAX + 1));
  const parsed = parseSource(text, source, originOf);
  if (!parsed.ok) return parsed;
  const all = new Map<string, Named>();
  const variables: Record<string, ExpressionType> = { ...fields };
  for (const name of namesIn(parsed.ast)) {
    const quoted = standIns.get(name);
    if (quoted === undefined && Object.hasOwn(fields, name)) continue;
    variables[name] = 'dyn';
  }
  try {
    const whole = compileNode(source, parsed.ast, variables, 'bool');
    for (const name of whole.variables) all.set(name, namedOf(name, null));
    return { ok: true, condition: conditionOf(parsed.ast), names: [...all.values()] };
  } catch (error: unknown) {
    if (error instanceof Mistake) return parsed.problem(error.message, error.position);
    throw error;
  }

  function namedOf(name: string, key: string | null): Named {
    const quoted = standIns.get(name);
    return { name: quoted ?? name, key, quoted: quoted !== undefined, variable: name };
  }

  function conditionOf(node: ASTNode): Condition {
    switch (node.op) {
      case '&&':
      case '||': {
        const kind = node.op === '&&' ? 'and' : 'or';
        const sides = node.args.map(conditionOf).flatMap((side) => (side.kind === kind ? side.sides : [side]));
        return { kind, sides };
      }
      case '!_':
        return { kind: 'not', of: conditionOf(node.args) };
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const [left, right] = node.args;
        const [one, other] = [nameAt(left), nameAt(right)];
        const [first, second] = [literalAt(left), literalAt(right)];
        if (one !== null && second !== null) return { kind: 'compare', named: one, op: node.op, value: second };
        if (other !== null && first !== null) return { kind: 'compare', named: other, op: MIRRORED[node.op], value: first };
        return computed(node);
      }
      case 'in': {
        const [left, right] = node.args;
        const named = nameAt(left);
        const values = right.op === 'list' ? right.args.map(literalAt) : [null];
        return named !== null && values.every((value) => value !== null) ? { kind: 'among', named, values } : computed(node);
      }
      case 'call': {
        const [name, [argument, ...more]] = node.args;
        const named = name === 'has' && argument !== undefined && more.length === 0 ? nameAt(argument) : null;
        return named === null ? computed(node) : { kind: 'there', named };
      }
      default: {
        const named = nameAt(node);
        return named === null ? computed(node) : { kind: 'compare', named, op: '==', value: true };
      }
    }
  }

  /** A name, or an entry of a field that is a map. */
  function nameAt(node: ASTNode): Named | null {
    if (node.op === 'id') return fields[node.args] === 'map' || fields[node.args] === 'list' ? null : namedOf(node.args, null);
    const [map, key] = node.op === '.' || node.op === '[]' ? node.args : [];
    if (map === undefined || typeof map !== 'object' || map.op !== 'id' || fields[map.args] !== 'map') return null;
    const text = typeof key === 'string' ? key : literalAt(key as ASTNode);
    return typeof text === 'string' ? namedOf(map.args, text) : null;
  }

  function computed(node: ASTNode): Condition {
    const expression = compileNode(source, node, variables, 'bool');
    return { kind: 'computed', expression, names: expression.variables.map((name) => namedOf(name, null)) };
  }
}

const MIRRORED = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function literalAt(node: ASTNode): Literal | null {
  if (node.op === '-_') {
    const value = literalAt(node.args);
    return typeof value === 'number' ? -value : null;
  }
  if (node.op !== 'value') return null;
  const value: unknown = node.args;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

function* namesIn(node: unknown): Generator<string> {
  if (Array.isArray(node)) {
    for (const one of node) yield* namesIn(one);
  } else if (typeof node === 'object' && node !== null && 'op' in node && 'args' in node) {
    if (node.op === 'id' && typeof node.args === 'string') yield node.args;
    else yield* namesIn(node.args);
  }
}
