import type { ASTNode } from '@marcbachmann/cel-js';
import { emitCall } from './calls.ts';
import { type Code, checked, type EmitContext, Mistake, stepsOf } from './code.ts';
import { Failure, type Frame } from './evaluation-frame.ts';
import { isList, isMap } from './expression-value.ts';
import { emitBinary, emitLogic } from './operators.ts';

const DEPTH_MAX = 200;

/** Turns what the parser read into closures. Throws Mistake. */
export function emit(node: ASTNode, outer: EmitContext): Code {
  if (outer.depth > DEPTH_MAX) throw new Mistake('it is nested too deeply', node.start);
  const context = { ...outer, depth: outer.depth + 1 };
  switch (node.op) {
    case 'value':
      return emitLiteral(node.args, node.start);
    case 'id':
      return emitName(node.args, context, node.start);
    case '.':
      return emitField(emit(node.args[0], context), node.args[1], node.start);
    case '[]':
      return emitIndex(emit(node.args[0], context), emit(node.args[1], context), node.start);
    case 'call':
      return emitCall(node.args[0], node.args[1], context, node.start);
    case 'rcall':
      return emitCall(node.args[0], [node.args[1], ...node.args[2]], context, node.start);
    case 'list':
      return emitList(node.args.map((one) => emit(one, context)));
    case 'map':
      return emitMap(node.args.map(([name, value]) => [emit(name, context), emit(value, context)] as const));
    case '?:':
      return emitChoice(node.args, context);
    case '!_': {
      const code = checked(emit(node.args, context), 'bool', '!', node.start);
      return { type: 'bool', steps: code.steps + 1, run: (frame) => code.run(frame) !== true };
    }
    case '-_': {
      const code = checked(emit(node.args, context), 'number', '-', node.start);
      return { type: 'number', steps: code.steps + 1, run: (frame) => -(code.run(frame) as number) };
    }
    case '&&':
    case '||': {
      const [left, right] = node.args;
      return emitLogic(
        checked(emit(left, context), 'bool', node.op, left.start),
        checked(emit(right, context), 'bool', node.op, right.start),
        node.op === '||',
      );
    }
    case '.?':
    case '[?]':
      throw new Mistake('use has() to ask whether there is a value', node.start);
    default:
      return emitBinary(node.op, emit(node.args[0], context), emit(node.args[1], context), node.start);
  }
}

function emitLiteral(value: unknown, position: number): Code {
  if (value === null) return { type: 'null', steps: 1, run: () => null };
  // The parser gives whole numbers as bigint; this language knows one kind of number.
  if (typeof value === 'bigint' || typeof value === 'number') {
    const number = Number(value);
    if (typeof value === 'bigint' && !Number.isSafeInteger(number)) throw new Mistake('this number has too many digits', position);
    return { type: 'number', steps: 1, run: () => number };
  }
  if (typeof value === 'string') return { type: 'string', steps: 1, run: () => value };
  if (typeof value === 'boolean') return { type: 'bool', steps: 1, run: () => value };
  throw new Mistake('only numbers, texts in quotes, true, false and null can be written here', position);
}

function emitName(name: string, context: EmitContext, position: number): Code {
  const place = context.locals.lastIndexOf(name);
  if (place >= 0) return { type: 'dyn', steps: 1, run: (frame) => frame.locals[place] };
  if (!Object.hasOwn(context.variables, name)) {
    const known = Object.keys(context.variables).sort().slice(0, 20).join(', ');
    throw new Mistake(`nothing is called ${name.slice(0, 40)} here${known === '' ? '' : `; there is ${known}`}`, position);
  }
  context.used.add(name);
  const read = (frame: Frame): unknown => {
    const value = Object.hasOwn(frame.bindings, name) ? frame.bindings[name] : undefined;
    if (value === undefined) throw new Failure(`${name} has no value`);
    return value;
  };
  return checked({ type: 'dyn', steps: 1, run: read }, context.variables[name] ?? 'dyn', name, position);
}

function emitField(code: Code, name: string, position: number): Code {
  const map = checked(code, 'map', `.${name}`, position);
  return {
    type: 'dyn',
    steps: map.steps + 1,
    run: (frame) => {
      const whole = map.run(frame) as Readonly<Record<string, unknown>>;
      const value = Object.hasOwn(whole, name) ? whole[name] : undefined;
      if (value === undefined) throw new Failure(`there is no ${name}`);
      return value;
    },
  };
}

function emitIndex(code: Code, key: Code, position: number): Code {
  if (code.type !== 'dyn' && code.type !== 'list' && code.type !== 'map') throw new Mistake(`[ ] needs a list or map, and this is a ${code.type}`, position);
  return {
    type: 'dyn',
    steps: code.steps + key.steps + 1,
    run: (frame) => {
      const whole = code.run(frame);
      const at = key.run(frame);
      const value =
        isList(whole) && typeof at === 'number' ? whole[at] : isMap(whole) && typeof at === 'string' && Object.hasOwn(whole, at) ? whole[at] : undefined;
      if (value === undefined)
        throw new Failure(`there is no [${typeof at === 'string' ? JSON.stringify(at.slice(0, 40)) : typeof at === 'number' ? at : '...'}]`);
      return value;
    },
  };
}

function emitList(codes: readonly Code[]): Code {
  return { type: 'list', steps: stepsOf(codes), run: (frame) => codes.map((code) => code.run(frame)) };
}

function emitMap(entries: readonly (readonly [Code, Code])[]): Code {
  return {
    type: 'map',
    steps: stepsOf(entries.flat()),
    run: (frame) =>
      Object.fromEntries(
        entries.map(([key, value]) => {
          const name = key.run(frame);
          // What assigns the properties of this object elsewhere would set its prototype.
          if (typeof name !== 'string' || name === '__proto__') throw new Failure('the names in a map are texts');
          return [name, value.run(frame)];
        }),
      ),
  };
}

function emitChoice(nodes: readonly [ASTNode, ASTNode, ASTNode], context: EmitContext): Code {
  const condition = checked(emit(nodes[0], context), 'bool', '? :', nodes[0].start);
  const [yes, no] = [emit(nodes[1], context), emit(nodes[2], context)];
  return {
    type: yes.type === no.type ? yes.type : 'dyn',
    steps: condition.steps + Math.max(yes.steps, no.steps) + 1,
    run: (frame) => (condition.run(frame) === true ? yes.run(frame) : no.run(frame)),
  };
}
