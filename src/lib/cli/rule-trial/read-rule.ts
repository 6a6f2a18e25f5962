import type { Rule } from '../../alarms/rule.ts';
import { parseRule } from '../../alarms/rule-document.ts';
import type { RuleDocument } from '../../api/schema/rules.ts';
import type { JsonValue } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { problemText } from '../rule-columns.ts';

/** Reads and compiles a rule here, without a hub. Throws MusterError `invalid` with all of its problems. */
export async function readRuleHere(document: RuleDocument, version: number): Promise<Rule> {
  const parsed = parseRule(document as JsonValue, { version });
  if (parsed.ok) return parsed.rule;
  const { problems } = parsed;
  throw new MusterError('invalid', `The rule is wrong: ${problems.map(problemText).join('; ')}.`, {
    hint: 'docs/operate/rules.md shows how a rule is written.',
    details: { problems: problems.map(({ path, message }) => ({ path, message })) },
  });
}
