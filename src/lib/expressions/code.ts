import type { ASTNode } from '@marcbachmann/cel-js';
import { Failure, type Frame } from './evaluation-frame.ts';
import type { ExpressionType } from './expression.ts';
import { kindOf } from './expression-value.ts';

/** A piece of an expression, as a closure. `type` holds at run time: whoever declares it has checked it. */
export interface Code {
  readonly type: ExpressionType | 'null';
  /** Steps of one run. Those of loops are not in it: they are spent as they happen. */
  readonly steps: number;
  run(frame: Frame): unknown;
}

export interface EmitContext {
  readonly variables: Readonly<Record<string, ExpressionType>>;
  /** Loop variables, the innermost last: the index is the place in Frame.locals. */
  readonly locals: readonly string[];
  readonly depth: number;
  /** Of the surroundings, those that the expression names. */
  readonly used: Set<string>;
  /** And those that has() asks for. */
  readonly asked: Set<string>;
  emit(node: ASTNode, context: EmitContext): Code;
}

/** What is wrong with a source, and at which of its characters. */
export class Mistake {
  readonly message: string;
  readonly position: number;

  constructor(message: string, position: number) {
    this.message = message;
    this.position = position;
  }
}

/** Code that gives this type or fails. A type that can never fit is a mistake. */
export function checked(code: Code, type: ExpressionType, where: string, position: number): Code {
  if (type === 'dyn' || code.type === type) return code;
  if (code.type !== 'dyn') throw new Mistake(`${where} needs a ${type}, and this is a ${code.type}`, position);
  return {
    type,
    steps: code.steps,
    run: (frame) => {
      const value = code.run(frame);
      if (kindOf(value) !== type) throw new Failure(`${where} needs a ${type}, and this is ${describe(value)}`);
      return value;
    },
  };
}

export function describe(value: unknown): string {
  const kind = kindOf(value);
  return kind === 'nothing' ? 'no value' : kind === 'null' ? 'null' : `a ${kind}`;
}

export function stepsOf(codes: readonly Code[]): number {
  return codes.reduce((sum, code) => sum + code.steps, 1);
}
