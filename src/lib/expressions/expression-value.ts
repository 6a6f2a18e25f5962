import type { JsonValue } from '../domain/value.ts';
import { Failure, type Frame, spend } from './evaluation-frame.ts';
import type { ExpressionType } from './expression.ts';

/** What a value is. `nothing`: no value of the language, such as a function or undefined. */
export type ValueKind = Exclude<ExpressionType, 'dyn'> | 'null' | 'nothing';

const DEPTH_MAX = 64;

export function kindOf(value: unknown): ValueKind {
  switch (typeof value) {
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'list' : isMap(value) ? 'map' : 'nothing';
    default:
      return 'nothing';
  }
}

/** A plain object. What has a class is none: nothing inside of it can be reached. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

export function areEqual(frame: Frame, left: unknown, right: unknown, depth = 0): boolean {
  // Two texts of the same length are compared sign by sign.
  if (typeof left === 'string' && typeof right === 'string' && left.length === right.length) spend(frame, left.length >> 6);
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (depth > DEPTH_MAX) throw new Failure('a value is nested too deeply', true);
  if (isList(left)) {
    if (!isList(right) || left.length !== right.length) return false;
    spend(frame, left.length);
    return left.every((one, index) => areEqual(frame, one, right[index], depth + 1));
  }
  if (!isMap(left) || !isMap(right)) return false;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  spend(frame, names.length);
  return names.every((name) => Object.hasOwn(right, name) && areEqual(frame, left[name], right[name], depth + 1));
}

/** What leaves an evaluation: JSON, with finite numbers. */
export function toJson(value: unknown, frame: Frame, depth = 0): JsonValue {
  switch (kindOf(value)) {
    case 'number':
      if (!Number.isFinite(value)) throw new Failure('the result is not a finite number');
      return value as number;
    case 'string':
      // The same long text may stand in it many times: written as JSON it would be as long as all of them.
      spend(frame, (value as string).length >> 3);
      return value as string;
    case 'list':
      if (depth > DEPTH_MAX) throw new Failure('the result is nested too deeply');
      spend(frame, (value as readonly unknown[]).length);
      return (value as readonly unknown[]).map((one) => toJson(one, frame, depth + 1));
    case 'map': {
      if (depth > DEPTH_MAX) throw new Failure('the result is nested too deeply');
      const entries = Object.entries(value as Readonly<Record<string, unknown>>);
      spend(frame, entries.length);
      return Object.fromEntries(entries.map(([name, one]) => [name, toJson(one, frame, depth + 1)]));
    }
    case 'nothing':
      throw new Failure('the result is no value');
    default:
      return value as JsonValue;
  }
}

/** A value as a text for people: numbers without the noise of their last digits (0.1 + 0.2 is 0.3). */
export function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(Number(value.toPrecision(12)));
  return value === null ? '-' : JSON.stringify(value);
}
