import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { checked, Mistake } from './code.ts';
import { emit } from './emit.ts';
import { Failure, type Frame, WORK_MAX } from './evaluation-frame.ts';
import type { Expression, ExpressionSurroundings, ExpressionType } from './expression.ts';
import { toJson } from './expression-value.ts';

export const SOURCE_LENGTH_MAX = 4000;

/** Where in the source, from 1. */
export interface ExpressionProblem {
  readonly ok: false;
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export type CompiledExpression = { readonly ok: true; readonly expression: Expression } | ExpressionProblem;

/** The parser of CEL. Its own evaluator is not used: it has two kinds of numbers, regular expressions that may never end, and no limit of work. */
const PARSER = new Environment({ limits: { maxAstNodes: 2000, maxDepth: 60, maxListElements: 500, maxMapEntries: 100, maxCallArguments: 16 } });
const NO_BINDINGS = Object.freeze({});

/** Reads an expression and checks its names, functions and types as far as they are known. Never throws. */
export function compileExpression(source: string, surroundings: ExpressionSurroundings): CompiledExpression {
  const parsed = parseSource(source);
  if (!parsed.ok) return parsed;
  try {
    return { ok: true, expression: compileNode(source, parsed.ast, surroundings.variables) };
  } catch (error: unknown) {
    if (error instanceof Mistake) return parsed.problem(error.message, error.position);
    // Such as a stack that a thousand signs in a row used up.
    return parsed.problem(unreadable(error), 0);
  }
}

export type ParsedSource =
  | { readonly ok: true; readonly ast: ASTNode; readonly problem: (message: string, position: number) => ExpressionProblem }
  | ExpressionProblem;

/** `source`, `originOf`: what people wrote, and where in it a place of `text` comes from. */
export function parseSource(text: string, source: string = text, originOf: (position: number) => number = (position) => position): ParsedSource {
  const at = (message: string, position: number) => problem(source, message, originOf(position));
  if (source.length > SOURCE_LENGTH_MAX) return at(`it is longer than ${SOURCE_LENGTH_MAX} characters`, 0);
  if (source.trim() === '') return at('there is no expression', 0);
  try {
    return { ok: true, ast: PARSER.parse(text).ast, problem: at };
  } catch (error: unknown) {
    return error instanceof ParseError ? at(readable(error.summary), error.range?.start ?? 0) : at(unreadable(error), 0);
  }
}

/** A part of what was read as an expression of its own. Throws Mistake. */
export function compileNode(source: string, ast: ASTNode, variables: Readonly<Record<string, ExpressionType>>, gives: ExpressionType = 'dyn'): Expression {
  const used = new Set<string>();
  const asked = new Set<string>();
  const code = checked(emit(ast, { variables, locals: [], depth: 0, used, asked, emit }), gives, 'it', ast.start);
  const frame: Frame = { bindings: NO_BINDINGS, locals: [], workLeft: 0 };
  const run = (bindings: Readonly<Record<string, unknown>>): unknown => {
    frame.bindings = bindings;
    frame.workLeft = WORK_MAX - code.steps;
    return code.run(frame);
  };
  const forget = (): void => {
    frame.bindings = NO_BINDINGS;
    // What a loop went through is not held until the next time.
    if (frame.locals.length > 0) frame.locals.length = 0;
  };
  return {
    source,
    variables: [...used],
    asked: [...asked],
    evaluate: (bindings) => {
      try {
        const value = run(bindings);
        return typeof value === 'boolean' ? value : toJson(value, frame);
      } catch (error: unknown) {
        throw failed(source, error);
      } finally {
        forget();
      }
    },
    holds: (bindings) => {
      try {
        const value = run(bindings);
        return typeof value === 'boolean' ? value : null;
      } catch {
        return null;
      } finally {
        forget();
      }
    },
  };
}

function unreadable(error: unknown): string {
  return `it cannot be read: ${messageOf(error).slice(0, 120)}`;
}

function failed(source: string, error: unknown): MusterError {
  const reason = error instanceof Failure ? error.message : messageOf(error);
  const shown = source.length > 80 ? `${source.slice(0, 80)}...` : source;
  return new MusterError('invalid', `\`${shown}\` has no value: ${reason}`, { hint: 'Guard what may be missing with has().', details: { reason } });
}

function problem(source: string, message: string, position: number): ExpressionProblem {
  const before = source.slice(0, position).split('\n');
  return { ok: false, message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end',
  NUMBER: 'a number',
  STRING: 'a text',
  BOOLEAN: 'true or false',
  IDENTIFIER: 'a name',
  LPAREN: '(',
  RPAREN: ')',
  LBRACKET: '[',
  RBRACKET: ']',
  LBRACE: '{',
  RBRACE: '}',
  COMMA: 'a comma',
  COLON: ':',
  DOT: '.',
  QUESTION: '?',
};

/** The parser names its tokens in capitals. */
function readable(summary: string): string {
  const text = summary.replace(/\b[A-Z]{2,}\b/g, (word) => TOKENS[word] ?? word.toLowerCase());
  return text.charAt(0).toLowerCase() + text.slice(1);
}
