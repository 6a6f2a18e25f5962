import type { Severity } from '../domain/severity.ts';
import type { JsonValue } from '../domain/value.ts';
import { compileExpression } from '../expressions/compile-expression.ts';
import type { Expression, ExpressionSurroundings, ExpressionType } from '../expressions/expression.ts';
import { textOf } from '../expressions/expression-value.ts';
import { endOfExpression } from '../expressions/template-scanner.ts';

export const TEMPLATE_LENGTH_MAX = 4000;
export const MESSAGE_LENGTH_MAX = 1000;
const EXPRESSIONS_MAX = 50;

/** What the message of an alarm may name: `${device.name}`. What there is not, such as the point of a rule on a device, is null. Both the engine and the channels give this. */
export interface MessageBindings {
  readonly device: MessageDevice | null;
  readonly point: { readonly path: string; readonly unit: string | null } | null;
  /** Path of the group, for a rule on groups; else that of the device. */
  readonly group: string | null;
  readonly rule: { readonly id: string; readonly version: number; readonly description: string | null };
  /** Those of the alarm, from its rule. */
  readonly labels: Readonly<Record<string, string>>;
  /** null: back to normal. */
  readonly level: string | null;
  readonly severity: Severity | null;
  /** That decided; null for what time alone decided. */
  readonly value: JsonValue;
  /** ms since 1970. */
  readonly time: number;
  /** Why, in one line with the figures. */
  readonly explanation: string;
}

export interface MessageDevice {
  readonly id: string;
  readonly name: string;
  readonly type: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

export const MESSAGE_SURROUNDINGS: ExpressionSurroundings = {
  variables: {
    device: 'dyn',
    point: 'dyn',
    group: 'dyn',
    rule: 'map',
    labels: 'map',
    level: 'dyn',
    severity: 'dyn',
    value: 'dyn',
    time: 'number',
    explanation: 'string',
  } satisfies Record<keyof MessageBindings, ExpressionType>,
};

/** Text with `${expression}` in it, compiled. `$${` stands for `${`. */
export interface MessageTemplate {
  readonly source: string;
  /**
   * One line, at most MESSAGE_LENGTH_MAX characters: control characters and line ends become spaces. What cannot be computed reads `?`, and null `-`. Never throws.
   */
  render(bindings: Readonly<Record<string, unknown>>): string;
}

export type CompiledTemplate =
  | { readonly ok: true; readonly template: MessageTemplate }
  | { readonly ok: false; readonly message: string; readonly line: number; readonly column: number };

/** Never throws. `surroundings`: other names, for a template that is not the message of an alarm. */
export function compileTemplate(source: string, surroundings: ExpressionSurroundings = MESSAGE_SURROUNDINGS): CompiledTemplate {
  if (source.length > TEMPLATE_LENGTH_MAX) return mistake(source, `it is longer than ${TEMPLATE_LENGTH_MAX} characters`, 0);
  const parts: (string | Expression)[] = [];
  let position = 0;
  while (position < source.length) {
    const start = source.indexOf('${', position);
    if (start < 0) break;
    if (start > position && source[start - 1] === '$') {
      parts.push(source.slice(position, start - 1), '${');
      position = start + 2;
      continue;
    }
    const end = endOfExpression(source, start + 2);
    if (end < 0) return mistake(source, 'this expression has no closing brace', start);
    const compiled = compileExpression(source.slice(start + 2, end), surroundings);
    if (!compiled.ok) return mistake(source, compiled.message, start + 2 + offsetOf(source.slice(start + 2, end), compiled.line, compiled.column));
    if (parts.length > EXPRESSIONS_MAX * 2) return mistake(source, `it has more than ${EXPRESSIONS_MAX} expressions`, start);
    parts.push(source.slice(position, start), compiled.expression);
    position = end + 1;
  }
  parts.push(source.slice(position));
  return { ok: true, template: { source, render: (bindings) => oneLine(parts.map((part) => (typeof part === 'string' ? part : rendered(part, bindings)))) } };
}

function rendered(expression: Expression, bindings: Readonly<Record<string, unknown>>): string {
  try {
    return textOf(expression.evaluate(bindings));
  } catch {
    // A message that lacks a word is told; one that throws would be lost.
    return '?';
  }
}

/** Control characters, line and paragraph separators, and marks that turn the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

const LONE_SURROGATE = /\p{Surrogate}/gu;

function oneLine(parts: readonly string[]): string {
  // Before the expensive steps: a part may be a long text of a device.
  const text = parts.map((part) => (part.length > MESSAGE_LENGTH_MAX ? part.slice(0, MESSAGE_LENGTH_MAX + 1) : part)).join('');
  const clean = text.replace(UNPRINTABLE, ' ').trim();
  const whole = clean.length > MESSAGE_LENGTH_MAX ? `${clean.slice(0, MESSAGE_LENGTH_MAX - 1)}…` : clean;
  // A cut may go through a pair.
  return whole.replace(LONE_SURROGATE, '\ufffd');
}

function offsetOf(source: string, line: number, column: number): number {
  const lines = source.split('\n').slice(0, line - 1);
  return lines.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

function mistake(source: string, message: string, position: number): CompiledTemplate {
  const lines = source.slice(0, position).split('\n');
  return { ok: false, message, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The message of a rule that has no template. */
export function defaultMessage(bindings: MessageBindings): string {
  const subject = [bindings.device?.name ?? bindings.group, bindings.point?.path].filter((part) => part !== null && part !== undefined).join(' ');
  const state = bindings.level === null ? 'normal' : bindings.level;
  // Most conditions name the level with the figures: once is enough.
  if (bindings.level !== null && bindings.explanation.includes(`(${bindings.level})`))
    return oneLine([subject === '' ? '' : `${subject}: `, bindings.explanation]);
  return oneLine([[subject, state].filter((part) => part !== '').join(': '), bindings.explanation === '' ? '' : ` (${bindings.explanation})`]);
}
