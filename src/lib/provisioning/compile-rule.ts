import type { DeviceKind } from '../domain/device.ts';
import type { ProvisioningRule } from '../domain/provisioning.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { compileExpression } from '../expressions/compile-expression.ts';
import type { Expression, ExpressionSurroundings } from '../expressions/expression.ts';
import { textOf } from '../expressions/expression-value.ts';
import { endOfExpression } from '../expressions/template-scanner.ts';

/** What the expressions of a rule may name. `aliases` has all kinds, empty where the device has none; what labels and attributes have must be asked with has(). */
const REQUEST_VARIABLES = {
  id: 'string',
  name: 'string',
  kind: 'string',
  type: 'string',
  aliases: 'map',
  labels: 'map',
  attributes: 'map',
  claim: 'string',
  address: 'string',
  protocol: 'string',
} as const satisfies ExpressionSurroundings['variables'];

export type RequestBindings = Readonly<Record<keyof typeof REQUEST_VARIABLES, unknown>>;

/** What a rule makes of a device. */
export interface Assignment {
  readonly kind: DeviceKind | null;
  readonly type: string | null;
  readonly name: string | null;
  readonly groups: readonly string[];
  readonly createGroups: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface CompiledRule {
  readonly rule: ProvisioningRule;
  /** Throws MusterError `invalid` when it cannot be told. */
  holds(bindings: RequestBindings): boolean;
  /** Throws MusterError `invalid` when an expression has no value. */
  assign(bindings: RequestBindings): Assignment;
}

type Template = (bindings: RequestBindings) => string;

const SURROUNDINGS: ExpressionSurroundings = { variables: REQUEST_VARIABLES };
const TEXT_CHARACTERS_MAX = 500;

/** Throws MusterError `invalid`, with the field that is wrong. */
export function compileRule(rule: ProvisioningRule): CompiledRule {
  const when = rule.when === null ? null : compiled(rule.when, 'when');
  const type = rule.type === null ? null : template(rule.type, 'type');
  const name = rule.name === null ? null : template(rule.name, 'name');
  const groups = rule.groups.map((group, index) => template(group, `groups.${index}`));
  const labels = Object.entries(rule.labels).map(([label, value]) => [label, template(value, `labels.${label}`)] as const);
  return {
    rule,
    holds(bindings) {
      if (when === null) return true;
      const value = when.evaluate(bindings);
      if (typeof value === 'boolean') return value;
      throw new MusterError('invalid', `\`${when.source}\` is neither true nor false`);
    },
    assign: (bindings) => ({
      kind: rule.kind,
      type: type?.(bindings) ?? null,
      name: name?.(bindings) ?? null,
      groups: groups.map((group) => group(bindings)),
      createGroups: rule.createGroups,
      labels: Object.fromEntries(labels.map(([label, value]) => [label, value(bindings)])),
    }),
  };
}

function compiled(source: string, field: string): Expression {
  const result = compileExpression(source, SURROUNDINGS);
  if (result.ok) return result.expression;
  const place = result.line > 1 ? `line ${result.line}, column ${result.column}` : `column ${result.column}`;
  throw new MusterError('invalid', `${field}: ${result.message} (${place})`, { details: { field } });
}

/** Text with expressions in `${ }`. */
function template(text: string, field: string): Template {
  const parts: (string | Expression)[] = [];
  let from = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
    const end = endOfExpression(text, start + 2);
    if (end < 0) throw new MusterError('invalid', `${field}: the expression at position ${start + 1} does not end`, { details: { field } });
    parts.push(text.slice(from, start), compiled(text.slice(start + 2, end), field));
    from = end + 1;
  }
  parts.push(text.slice(from));
  return (bindings) => {
    const filled = parts.map((part) => (typeof part === 'string' ? part : textOf(part.evaluate(bindings)))).join('');
    if (filled.length > TEXT_CHARACTERS_MAX) throw new MusterError('invalid', `${field} would be longer than ${TEXT_CHARACTERS_MAX} characters`);
    return filled;
  };
}

/** The words of a failed evaluation, with the rule it belongs to. */
export function failureOf(rule: ProvisioningRule, error: unknown): string {
  return `the rule ${rule.id} could not decide: ${messageOf(error)}`;
}
