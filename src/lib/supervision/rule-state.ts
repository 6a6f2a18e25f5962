import { createEvaluations } from '../alarms/create-evaluation.ts';
import { compileTemplate } from '../alarms/message.ts';
import type { Rule } from '../alarms/rule.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { RuleState } from './tracked.ts';

const ANY_SUBJECT: AlarmSubject = { device: null, point: null, group: null };

export function createRuleState(project: ProjectId, rule: Rule): RuleState {
  const start = createEvaluations(rule);
  // One of another realm: it must not be compared with what is live.
  const fresh = createEvaluations(rule)(ANY_SUBJECT);
  const { quietLow, quietHigh } = fresh;
  fresh.advance(0, 0);
  const timed = fresh.dueAt !== Number.POSITIVE_INFINITY;
  const compiled = rule.message === null ? null : compileTemplate(rule.message);
  return {
    project,
    rule,
    start,
    startLate: createEvaluations(rule),
    template: compiled?.ok ? compiled.template : null,
    quietLow,
    quietHigh,
    timed,
    lazy: !timed && rule.condition.subject === 'point' && rule.condition.history.samples <= 1 && quietLow <= quietHigh,
    rank: 0,
    tracked: new Map(),
    follows: null,
    retired: false,
  };
}

/** Gives each its rank. Rules that suppress each other in a circle share one, and none of them comes first. */
export function rankRules(states: ReadonlyMap<string, RuleState>): void {
  for (const state of states.values()) state.rank = 0;
  for (let round = 0; round < states.size; round += 1) {
    let moved = false;
    for (const state of states.values()) {
      for (const { rule } of state.rule.suppressedBy) {
        const above = states.get(rule);
        if (above === undefined || above === state || above.rank < state.rank || above.rank >= states.size) continue;
        state.rank = above.rank + 1;
        moved = true;
      }
    }
    if (!moved) return;
  }
}
