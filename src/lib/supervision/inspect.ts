import type { AlarmSubject } from '../domain/alarm.ts';
import type { ProjectId, RuleId } from '../domain/ids.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { EvaluationView } from './supervision.ts';
import type { Watches } from './watches.ts';

/** How a rule stands on a subject; null: nothing is held of it, and it is normal. */
export function inspect(watches: Watches, project: ProjectId, rule: RuleId, subject: AlarmSubject): EvaluationView | null {
  const tracked = watches.project(project)?.states.get(rule)?.tracked.get(subjectKey(subject));
  if (tracked === undefined) return null;
  const { evaluation, state } = tracked;
  const levelOf = (index: number) => (index <= 0 ? null : (state.rule.condition.levels[index - 1] ?? null));
  const { pending, lastTime } = evaluation;
  return {
    level: levelOf(evaluation.level),
    pending: pending === null ? null : { level: levelOf(pending.finding), since: pending.since, dueAt: Number.isFinite(pending.dueAt) ? pending.dueAt : null },
    explanation: evaluation.explain(),
    lastTime: Number.isFinite(lastTime) ? lastTime : null,
  };
}
