import { type Code, checked, describe, Mistake } from './code.ts';
import { boundedList, boundedText, Failure, type Frame, spend } from './evaluation-frame.ts';
import { areEqual, isList, isMap } from './expression-value.ts';

type Run = Code['run'];
type NumberRun = (frame: Frame) => number;

/** A closure for each operator, not one with a table inside: these are what an alarm rule spends its time in. */
function arithmetic(op: string, left: NumberRun, right: NumberRun): Run | null {
  switch (op) {
    case '+':
      return (frame) => left(frame) + right(frame);
    case '-':
      return (frame) => left(frame) - right(frame);
    case '*':
      return (frame) => left(frame) * right(frame);
    case '/':
      return (frame) => {
        const above = left(frame);
        return above / notZero(right(frame));
      };
    case '%':
      return (frame) => {
        const whole = left(frame);
        return whole % notZero(right(frame));
      };
    default:
      return null;
  }
}

function notZero(value: number): number {
  if (value === 0) throw new Failure('division by zero');
  return value;
}

function order(op: string, left: NumberRun, right: NumberRun): Run | null {
  switch (op) {
    case '<':
      return (frame) => left(frame) < right(frame);
    case '<=':
      return (frame) => left(frame) <= right(frame);
    case '>':
      return (frame) => left(frame) > right(frame);
    case '>=':
      return (frame) => left(frame) >= right(frame);
    default:
      return null;
  }
}

export function emitBinary(op: string, left: Code, right: Code, position: number): Code {
  const steps = left.steps + right.steps + 1;
  if (op === '==' || op === '!=') return { type: 'bool', steps, run: equality(left, right, op === '==') };
  if (op === 'in') return { type: 'bool', steps, run: membership(left, right, position) };
  if (op === '+' && (left.type !== 'number' || right.type !== 'number')) return emitPlus(left, right, position);
  const [first, second] = op === '<' || op === '<=' || op === '>' || op === '>=' ? comparable(left, right, op, position) : numeric(left, right, op, position);
  const [a, b] = [first.run as NumberRun, second.run as NumberRun];
  const sum = arithmetic(op, a, b);
  if (sum !== null) return { type: 'number', steps, run: sum };
  const comparison = order(op, a, b);
  if (comparison === null) throw new Mistake(`${op} does not exist`, position);
  return { type: 'bool', steps, run: first.type === 'dyn' ? sameKind(first, second, op) : comparison };
}

function numeric(left: Code, right: Code, op: string, position: number): readonly [Code, Code] {
  return [checked(left, 'number', op, position), checked(right, 'number', op, position)];
}

/** Two numbers or two texts; both `dyn`: it shows at run time. */
function comparable(left: Code, right: Code, op: string, position: number): readonly [Code, Code] {
  const type = left.type === 'dyn' ? right.type : left.type;
  if (type === 'dyn') return [left, right];
  if (type !== 'number' && type !== 'string') throw new Mistake(`${op} compares numbers or texts, and this is a ${type}`, position);
  return [checked(left, type, op, position), checked(right, type, op, position)];
}

function sameKind(left: Code, right: Code, op: string): Run {
  return (frame) => {
    const a = left.run(frame);
    const b = right.run(frame);
    if ((typeof a !== 'number' || typeof b !== 'number') && (typeof a !== 'string' || typeof b !== 'string')) {
      throw new Failure(`${op} compares two numbers or two texts, not ${describe(a)} and ${describe(b)}`);
    }
    if (typeof a === 'string') spend(frame, a.length >> 6);
    const [x, y] = [a as number, b as number];
    return op === '<' ? x < y : op === '<=' ? x <= y : op === '>' ? x > y : x >= y;
  };
}

function equality(left: Code, right: Code, wanted: boolean): Run {
  return (frame) => areEqual(frame, left.run(frame), right.run(frame)) === wanted;
}

function membership(left: Code, right: Code, position: number): Run {
  if (right.type !== 'dyn' && right.type !== 'list' && right.type !== 'map') throw new Mistake(`in needs a list or map, and this is a ${right.type}`, position);
  return (frame) => {
    const value = left.run(frame);
    const whole = right.run(frame);
    if (isList(whole)) {
      spend(frame, whole.length);
      return whole.some((one) => areEqual(frame, value, one));
    }
    if (isMap(whole)) return typeof value === 'string' && Object.hasOwn(whole, value);
    throw new Failure(`in needs a list or map, and this is ${describe(whole)}`);
  };
}

function emitPlus(left: Code, right: Code, position: number): Code {
  const type = left.type === 'dyn' ? right.type : left.type;
  if (type === 'bool' || type === 'map' || type === 'null') throw new Mistake(`+ takes numbers, texts or lists, and this is a ${type}`, position);
  if (left.type !== 'dyn' && right.type !== 'dyn' && left.type !== right.type) {
    throw new Mistake(`+ takes two of a kind, not a ${left.type} and a ${right.type}; string(x) makes a text of a number`, position);
  }
  return {
    type,
    steps: left.steps + right.steps + 1,
    run: (frame) => {
      const a = left.run(frame);
      const b = right.run(frame);
      if (typeof a === 'number' && typeof b === 'number') return a + b;
      if (typeof a === 'string' && typeof b === 'string') return boundedText(frame, a + b);
      if (isList(a) && isList(b)) return boundedList(frame, a.concat(b));
      throw new Failure(`+ takes two numbers, two texts or two lists, not ${describe(a)} and ${describe(b)}`);
    },
  };
}

/**
 * As CEL has it, in either order: one side that decides is enough, and what fails on the other side does not matter. `t > 80 || p < 2` is true when p is low and t
 * has no value.
 */
export function emitLogic(left: Code, right: Code, decides: boolean): Code {
  return {
    type: 'bool',
    steps: left.steps + right.steps + 1,
    run: (frame) => {
      let failure: unknown;
      try {
        if (left.run(frame) === decides) return decides;
      } catch (error: unknown) {
        if (!(error instanceof Failure) || error.final) throw error;
        failure = error;
      }
      if (right.run(frame) === decides) return decides;
      if (failure !== undefined) throw failure;
      return !decides;
    },
  };
}
