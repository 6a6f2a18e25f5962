import type { ScriptRunner } from '../../alarms/conditions/condition.ts';
import type { Rule } from '../../alarms/rule.ts';
import { parseRule } from '../../alarms/rule-document.ts';
import type { RuleDocument } from '../../api/schema/rules.ts';
import type { JsonValue } from '../../domain/value.ts';
import { placed, wrongRule } from '../rule-problems.ts';

/** Reads and compiles a rule here, without a hub. Throws MusterError `invalid` with all of its problems. `scripts` null: a rule with a script is one. */
export async function readRuleHere(document: RuleDocument, version: number, scripts: ScriptRunner | null = null): Promise<Rule> {
  const parsed = parseRule(document as JsonValue, { version, ...(scripts !== null && { scripts }) });
  if (parsed.ok) return parsed.rule;
  throw wrongRule(placed(parsed.problems, document), false);
}

/** What runs the scripts of a rule; null: it has none, and nothing is started. Whoever asks for it stops it. */
export async function scriptsOf({ when }: RuleDocument): Promise<(ScriptRunner & { stop(): Promise<void> }) | null> {
  if (typeof when !== 'object' || when === null || !Object.hasOwn(when, 'script')) return null;
  const { createScriptThread } = await import('../../scripts/script-thread.ts');
  return createScriptThread();
}
