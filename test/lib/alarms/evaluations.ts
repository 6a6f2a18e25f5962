// Rules in short form, and ways to drive their evaluations.
import { createEvaluations } from '../../../src/lib/alarms/create-evaluation.ts';
import type { Evaluation, LevelChange } from '../../../src/lib/alarms/evaluation.ts';
import type { Rule } from '../../../src/lib/alarms/rule.ts';
import { type DocumentProblem, parseRule } from '../../../src/lib/alarms/rule-document.ts';
import type { AlarmSubject } from '../../../src/lib/domain/alarm.ts';
import type { DeviceId, PointPath } from '../../../src/lib/domain/ids.ts';
import type { JsonValue, SampleValue } from '../../../src/lib/domain/value.ts';

export type Document = { readonly [name: string]: JsonValue };
/** Time in ms and value. */
export type TimedValue = readonly [time: number, value: SampleValue];

export const SUBJECT: AlarmSubject = { device: 'b1' as DeviceId, point: 'boiler/temperature' as PointPath, group: null };
export const SEVERITY_NAMES = { lo: 'warning', hi: 'minor', hihi: 'critical', lolo: 'major' } as const;

/** A rule on points, with severities for `lo`, `hi`, `hihi` and `lolo` as far as it uses them. */
export function ruleOf(when: JsonValue, rest: Document = {}): Rule {
  const text = JSON.stringify(when);
  const severities = Object.fromEntries(Object.entries(SEVERITY_NAMES).filter(([name]) => text.includes(`"level":"${name}"`)));
  const parsed = parseRule({ id: 'r', scope: { points: '*' }, severities, when, ...rest }, { version: 1 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.rule;
}

export function problemsOf(document: JsonValue): readonly string[] {
  const parsed = parseRule(document, { version: 1 });
  return parsed.ok ? [] : parsed.problems.map(({ path, message }: DocumentProblem) => `${path}: ${message}`);
}

export function evaluationOf(rule: Rule): Evaluation {
  return createEvaluations(rule)(SUBJECT);
}

/** A rule on points that is given samples; says by name to which level it changed when, as `10: hi` or `20: normal`. */
export function told(rule: Rule, samples: readonly TimedValue[], until?: number): readonly string[] {
  const evaluation = evaluationOf(rule);
  const changes = samples.flatMap(([time, value]) => evaluation.sample(0, time, value) ?? []);
  if (until !== undefined) changes.push(...(evaluation.advance(until) ?? []));
  return changes.map((change) => nameChange(rule, change));
}

export function nameChange(rule: Rule, { time, to }: LevelChange): string {
  return `${time}: ${to === 0 ? 'normal' : rule.condition.levels[to - 1]?.name}`;
}
