import { stringify } from 'yaml';
import { CONDITION_KINDS } from '../alarms/conditions/registry.ts';
import { code, codeBlock, generatedPage, table } from './markdown.ts';

/** docs/reference/conditions.md */
export function conditionsPage(): string {
  return generatedPage(
    'Kinds of conditions',
    'src/lib/alarms/conditions',
    'What stands under `when` of an alarm rule: exactly one of these. How a rule is written: [rules](../operate/rules.md).',
    table(
      ['kind', 'holds when'],
      CONDITION_KINDS.map(({ name, summary }) => [code(name), summary]),
    ),
    ...CONDITION_KINDS.flatMap(({ name, summary, example }) => [
      `## ${name}`,
      summary,
      codeBlock(
        'yaml',
        stringify({ when: { [name]: example } }, { lineWidth: 0 })
          .trimEnd()
          .split('\n'),
      ),
    ]),
  );
}
