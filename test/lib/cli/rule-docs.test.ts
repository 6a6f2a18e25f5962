import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeRule } from '../../../src/lib/alarms/describe-rule.ts';
import { printRows } from '../../../src/lib/cli/output.ts';
import { parseRuleText } from '../../../src/lib/cli/rule-file.ts';
import { createTrial } from '../../../src/lib/cli/rule-trial/run-trial.ts';
import { trialColumns } from '../../../src/lib/cli/rule-trial/trial-columns.ts';
import { typedSamples } from '../../../src/lib/cli/rule-trial/typed-values.ts';
import { EDGE_REPORT } from '../../../src/lib/supervision/edge-report-schema.ts';
import { compiledRule } from '../../helpers/rules.ts';
import { repository } from '../../helpers/source-graph.ts';

const page = readFileSync(join(repository, 'docs/operate/rules.md'), 'utf8');
const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');

test('every rule on the page of rules is one, and can be said in words', async () => {
  const documents = (await Promise.all(blocks('yaml').map((text) => parseRuleText(text, 'rules.md')))).flat();
  expect(documents.length).toBeGreaterThan(2);
  for (const document of documents) expect(describeRule(compiledRule(document as never), document as never).length).toBeGreaterThan(3);
});

test('what the page shows of a test is what comes out', async () => {
  const [shown = ''] = blocks('console');
  const [command = '', ...table] = shown.trimEnd().split('\n');
  const [, values = '', columns = ''] = /rule\.yaml ([\d ]+) --columns (\S+)/.exec(command) ?? [];
  const [document] = await parseRuleText(blocks('yaml')[0] ?? '', 'rules.md');
  const start = Date.UTC(2026, 5, 1, 12);
  const { calendar: _, offDelay: __, ...always } = document as Record<string, never>;
  const rule = compiledRule(always);
  const samples = typedSamples({ values: values.split(' '), everyMs: 60_000, start, device: 'device', points: rule.scope.points, readTime: () => null });
  const { steps } = createTrial({ rule, samples, thenMs: 0, device: () => null, unit: () => null });
  let printed = '';
  await printRows(steps, trialColumns(start, { subjects: false, points: false }), {
    ...{ format: 'table', columns: columns.split(','), sort: null, limit: null, style: { width: null, colour: false } },
    async write(text) {
      printed += text;
    },
  });
  expect(
    printed
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toEqual(table);
});

test('the report of a gateway on the page is one', () => {
  const [text = ''] = blocks('json');
  expect(EDGE_REPORT.parse(JSON.parse(text))).toMatchObject({ rule: 'boiler-hot', level: 'hi' });
});
