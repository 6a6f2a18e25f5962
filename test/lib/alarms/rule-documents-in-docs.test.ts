import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { CONDITION_KINDS } from '../../../src/lib/alarms/conditions/registry.ts';
import { parseRule } from '../../../src/lib/alarms/rule-document.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';

const PAGES = ['docs/operate/conditions.md', 'docs/operate/rules.md'];

function rulesIn(page: string): readonly (readonly [string, JsonValue])[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/```yaml\n(id: [\s\S]*?)```/g)].map((match) => match[1] ?? '');
  return blocks
    .flatMap((block) => parseAllDocuments(block).map((document) => document.toJS() as JsonValue))
    .map((document) => [JSON.stringify(document), document] as const);
}

const documents = PAGES.filter((page) => existsSync(page)).flatMap(rulesIn);

test.each(documents)('this rule of the documentation is one: %s', (_, document) => {
  expect(parseRule(document, { version: 1 })).toMatchObject({ ok: true });
});

test('the page of conditions has a complete rule of each kind', () => {
  const text = readFileSync('docs/operate/conditions.md', 'utf8');
  // Scripts have a page of their own.
  for (const { name } of CONDITION_KINDS.filter((kind) => kind.name !== 'script')) {
    expect(text).toContain(`\n## ${name}\n`);
    expect(documents.some(([json]) => json.includes(`"when":{"${name}":`))).toBe(true);
  }
});
