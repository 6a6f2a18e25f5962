import type { ASTNode } from '@marcbachmann/cel-js';
import { type Code, checked, describe, type EmitContext, Mistake } from './code.ts';
import { boundedList, Failure, type Frame, spend } from './evaluation-frame.ts';
import { isList, isMap } from './expression-value.ts';

/** What takes an expression, not a value: `list.all(v, v > 3)`. */
export interface MacroEntry {
  readonly usage: string;
  readonly summary: string;
  /** Numbers of arguments, the list counted in. */
  readonly takes: readonly number[];
}

export const MACROS: ReadonlyMap<string, MacroEntry> = new Map<string, MacroEntry>([
  ['has', { usage: 'has(a) or has(a.b)', summary: 'there is such a value', takes: [1] }],
  ['all', { usage: 'list.all(v, condition)', summary: 'it holds for each entry; true for an empty list', takes: [3] }],
  ['any', { usage: 'list.any(v, condition)', summary: 'it holds for one entry at least', takes: [3] }],
  ['exists', { usage: 'list.exists(v, condition)', summary: 'the same as any', takes: [3] }],
  ['exists_one', { usage: 'list.exists_one(v, condition)', summary: 'it holds for exactly one entry', takes: [3] }],
  ['count', { usage: 'list.count(v, condition)', summary: 'for how many it holds', takes: [3] }],
  ['filter', { usage: 'list.filter(v, condition)', summary: 'those for which it holds', takes: [3] }],
  [
    'map',
    {
      usage: 'list.map(v, expression)',
      summary: 'the value of the expression for each entry; list.map(v, condition, expression) only where it holds',
      takes: [3, 4],
    },
  ],
]);

/** Loops inside of loops: more of them is a mistake, or an attack. */
const LOOPS_MAX = 4;

export function emitMacro(name: string, usage: string, nodes: readonly ASTNode[], context: EmitContext, position: number): Code {
  if (name === 'has') return emitHas(nodes[0], context, position);
  const [list, variable, third, fourth] = nodes;
  if (list === undefined || variable?.op !== 'id' || third === undefined) throw new Mistake(`it is ${usage}`, position);
  if (context.locals.length >= LOOPS_MAX) throw new Mistake(`more than ${LOOPS_MAX} loops stand inside each other`, position);
  const items = context.emit(list, context);
  if (items.type !== 'dyn' && items.type !== 'list' && items.type !== 'map')
    throw new Mistake(`${name} needs a list or map, and this is a ${items.type}`, position);
  const inner = { ...context, locals: [...context.locals, variable.args] };
  const first = context.emit(third, inner);
  if (name === 'map' && fourth === undefined) return loop(name, items, null, first, context.locals.length);
  const condition = checked(first, 'bool', name, third.start);
  const result = fourth === undefined ? null : context.emit(fourth, inner);
  return name === 'map' || name === 'filter'
    ? loop(name, items, condition, result, context.locals.length)
    : quantifier(name, items, condition, context.locals.length);
}

/** Of a map, its names. */
function entriesOf(frame: Frame, code: Code, name: string): readonly unknown[] {
  const value = code.run(frame);
  if (isList(value)) return value;
  if (isMap(value)) return boundedList(frame, Object.keys(value));
  throw new Failure(`${name} needs a list or map, and this is ${describe(value)}`);
}

function loop(name: string, items: Code, condition: Code | null, result: Code | null, place: number): Code {
  const steps = 2 + (condition?.steps ?? 0) + (result?.steps ?? 0);
  return {
    type: 'list',
    steps: items.steps + 1,
    run: (frame) => {
      const found: unknown[] = [];
      for (const entry of entriesOf(frame, items, name)) {
        spend(frame, steps);
        frame.locals[place] = entry;
        if (condition !== null && condition.run(frame) !== true) continue;
        found.push(result === null ? entry : result.run(frame));
      }
      return found;
    },
  };
}

/** An entry for which the condition fails matters only if no other entry decides, as with && and ||. */
function quantifier(name: string, items: Code, condition: Code, place: number): Code {
  const steps = 2 + condition.steps;
  const stopsAt = name === 'all' ? false : name === 'any' || name === 'exists' ? true : null;
  const walk = (frame: Frame): number | true => {
    let count = 0;
    let failure: Failure | null = null;
    for (const entry of entriesOf(frame, items, name)) {
      spend(frame, steps);
      frame.locals[place] = entry;
      try {
        const holds = condition.run(frame) === true;
        if (holds === stopsAt) return true;
        if (holds) count += 1;
      } catch (error: unknown) {
        if (stopsAt === null || !(error instanceof Failure) || error.final) throw error;
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
    return count;
  };
  const code = { steps: items.steps + 1 };
  if (name === 'count') return { ...code, type: 'number', run: walk };
  if (name === 'exists_one') return { ...code, type: 'bool', run: (frame) => walk(frame) === 1 };
  return { ...code, type: 'bool', run: (frame) => (walk(frame) === true) === stopsAt };
}

/** A chain of names, each step of which may be missing. */
function emitHas(node: ASTNode | undefined, context: EmitContext, position: number): Code {
  const names: string[] = [];
  let root = node;
  while (root !== undefined && (root.op === '.' || (root.op === '[]' && root.args[1].op === 'value' && typeof root.args[1].args === 'string'))) {
    names.unshift(root.op === '.' ? root.args[1] : String(root.args[1].args));
    root = root.args[0];
  }
  if (root === undefined || root.op !== 'id' || names.length > 16) throw new Mistake('has() takes a name, such as has(device.labels.site)', position);
  const name = root.args;
  const place = context.locals.lastIndexOf(name);
  // For the mistake of a name that is not there at all.
  if (place < 0) {
    context.emit(root, context);
    context.asked.add(name);
  }
  return {
    type: 'bool',
    steps: names.length + 2,
    run: (frame) => {
      let value: unknown = place >= 0 ? frame.locals[place] : Object.hasOwn(frame.bindings, name) ? frame.bindings[name] : undefined;
      for (const one of names) value = isMap(value) && Object.hasOwn(value, one) ? value[one] : undefined;
      return value !== undefined && (names.length > 0 || value !== null);
    },
  };
}
