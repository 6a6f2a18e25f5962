import { createEvaluations } from '../alarms/create-evaluation.ts';
import type { Evaluation } from '../alarms/evaluation.ts';
import { compileTemplate, type MessageTemplate } from '../alarms/message.ts';
import type { Rule } from '../alarms/rule.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Tracked } from './tracked.ts';

/** One version of a rule in force, and what is held of it. */
export interface RuleState {
  readonly project: ProjectId;
  readonly rule: Rule;
  /** Of what is live; of late data. */
  readonly start: (subject: AlarmSubject) => Evaluation;
  readonly startLate: (subject: AlarmSubject) => Evaluation;
  readonly template: MessageTemplate | null;
  /** While nothing is held of a subject, values of this range (half-open) change nothing. NaN: there is no such range. */
  readonly quietLow: number;
  readonly quietHigh: number;
  /** An evaluation is made when a sample leaves the quiet range, and dropped when all is normal again; else it is held from the first sample on. */
  readonly lazy: boolean;
  /** Time alone may change what it finds, however normal all is: no data. */
  readonly timed: boolean;
  /** Rules whose alarms suppress others come first when several are due at once: 0 for those that nothing suppresses. */
  rank: number;
  /** Evaluations that are held, by subjectKey. */
  readonly tracked: Map<string, Tracked>;
}

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
    lazy: !timed && rule.condition.subject === 'point' && rule.condition.history.samples === 0 && quietLow <= quietHigh,
    rank: 0,
    tracked: new Map(),
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
