import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compileTemplate, MESSAGE_SURROUNDINGS } from '../../../src/lib/alarms/message.ts';
import { parseRule } from '../../../src/lib/alarms/rule-document.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { compileExpression } from '../../../src/lib/expressions/compile-expression.ts';
import type { ExpressionType } from '../../../src/lib/expressions/expression.ts';
import { FUNCTIONS } from '../../../src/lib/expressions/functions.ts';
import { MACROS } from '../../../src/lib/expressions/macros.ts';
import { MATCHES_SUMMARY, MATCHES_USAGE } from '../../../src/lib/expressions/pattern.ts';
import { repository } from '../../helpers/source-graph.ts';

const page = readFileSync(join(repository, 'docs/operate/expressions.md'), 'utf8');
const scripts = readFileSync(join(repository, 'docs/operate/rule-scripts.md'), 'utf8');
const blocks = (text: string): string[] => [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');

describe('the page of expressions', () => {
  const examples = [...page.slice(0, page.indexOf('## Values')).matchAll(/^\| `(.+?)` +\| `(.+?)` +\|$/gm)].map(
    (match) => [match[1] ?? '', match[2] ?? ''] as const,
  );

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  test.each(examples)('%s is %s', (source, expected) => {
    const bindings = { t: 92.5, list: [1, 2, 4], labels: { site: 'paris' }, time: 1_700_000_400_000 };
    const variables = Object.fromEntries(Object.keys(bindings).map((name) => [name, 'dyn' as ExpressionType]));
    const compiled = compileExpression(source, { variables });
    if (!compiled.ok) throw new Error(compiled.message);
    expect(compiled.expression.evaluate(bindings)).toEqual(JSON.parse(expected));
  });

  test('names each function and what it gives, and no other', () => {
    const rows = [...page.slice(page.indexOf('## Functions'), page.indexOf('## Limits')).matchAll(/^\| `(.+?)` +\| (.+?) +\|$/gm)].map((match) => [
      match[1],
      match[2],
    ]);
    const entries = [...MACROS.values(), ...FUNCTIONS.values(), { usage: MATCHES_USAGE, summary: MATCHES_SUMMARY }];
    expect(rows.sort()).toEqual(entries.map(({ usage, summary }) => [usage, summary]).sort());
  });

  test('names what a message may name', () => {
    const section = page.slice(page.indexOf('## In messages'));
    expect([...section.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1])).toEqual(Object.keys(MESSAGE_SURROUNDINGS.variables));
  });
});

describe('rules on these pages', () => {
  const documents = [...blocks(page), ...blocks(scripts)].map((text) => parse(text) as JsonValue & { id?: string; message?: string });

  test.each(documents.filter(({ id }) => id !== undefined).map((document) => [document.id, document] as const))('%s is a rule', (_, document) => {
    // Whether a script compiles is tested where there is an interpreter.
    const reader = { compile: () => ({ later: false, call: () => null, release: () => undefined }) };
    expect(parseRule(document, { version: 1, scripts: reader })).toMatchObject({ ok: true });
  });

  test('the message is a template', () => {
    const [message] = documents.flatMap((document) => document.message ?? []);
    expect(compileTemplate(message ?? '${')).toMatchObject({ ok: true });
  });
});
