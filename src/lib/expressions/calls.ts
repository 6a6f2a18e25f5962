import type { ASTNode } from '@marcbachmann/cel-js';
import { type Code, checked, type EmitContext, Mistake, stepsOf } from './code.ts';
import type { Frame } from './evaluation-frame.ts';
import { FUNCTIONS, type FunctionEntry } from './functions.ts';
import { emitMacro, MACROS } from './macros.ts';
import { emitPattern } from './pattern.ts';

/** `f(a, b)` or `a.f(b)`: the first argument is what stands before the dot. */
export function emitCall(name: string, nodes: readonly ASTNode[], context: EmitContext, position: number): Code {
  const macro = MACROS.get(name);
  if (macro?.takes.includes(nodes.length)) return emitMacro(name, macro.usage, nodes, context, position);
  if (macro !== undefined) throw new Mistake(`it is ${macro.usage}`, position);
  if (name === 'matches') return emitPattern(nodes, context, position);
  const entry = FUNCTIONS.get(name);
  if (entry === undefined) throw new Mistake(`there is no function ${name.slice(0, 40)}()`, position);
  const codes = nodes.map((node) => context.emit(node, context));
  const positions = nodes.map((node) => node.start);
  return entry.variadic === true && (codes.length !== 1 || codes[0]?.type === 'number')
    ? emitVariadic(entry, codes, positions, position)
    : emitFixed(entry, codes, positions, position);
}

type AnyCall = (frame: Frame, first: unknown, second: unknown, third: unknown) => unknown;

function emitVariadic(entry: FunctionEntry, codes: readonly Code[], positions: readonly number[], position: number): Code {
  if (codes.length === 0) throw new Mistake(`it is ${entry.usage}`, position);
  const call = entry.call as AnyCall;
  const each = codes.map((code, index) => checked(code, 'number', entry.usage, positions[index] ?? position));
  const run = (frame: Frame): unknown => {
    const list = each.map((code) => code.run(frame));
    return call(frame, list, undefined, undefined);
  };
  return { type: entry.gives, steps: stepsOf(codes) + 1, run };
}

function emitFixed(entry: FunctionEntry, codes: readonly Code[], positions: readonly number[], position: number): Code {
  const call = entry.call as AnyCall;
  const least = entry.takes.length - (entry.optional ?? 0);
  const [first, second, third] = codes.map((code, index) => checked(code, entry.takes[index] ?? 'dyn', entry.usage, positions[index] ?? position));
  if (first === undefined || codes.length < least || codes.length > entry.takes.length) throw new Mistake(`it is ${entry.usage}`, position);
  const run = (frame: Frame): unknown => call(frame, first.run(frame), second?.run(frame), third?.run(frame));
  return { type: entry.gives, steps: stepsOf(codes) + 1, run };
}
