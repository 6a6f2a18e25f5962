import type { Rule } from '../alarms/rule.ts';
import { NOTIFY_CAUSES, type NotifyCause } from '../domain/notification.ts';
import type { AlarmFigures, Occurrence, RuleOutcome } from './backtest.ts';
import type { WatchPlan } from './messages.ts';
import { levelCounts } from './subject-tally.ts';
import type { Watch } from './watch.ts';

const DAY_MS = 86_400_000;

export interface OutcomeParts {
  readonly rule: Rule;
  readonly version: number | null;
  readonly plan: WatchPlan;
  readonly watches: Iterable<readonly [subject: number, watch: Watch]>;
  readonly occurrences: readonly Occurrence[];
  readonly range: { readonly from: number; readonly to: number };
  readonly subjectsMax: number;
  readonly notes: readonly string[];
}

export function outcomeOf({ rule, version, plan, watches, occurrences, range, subjectsMax, notes }: OutcomeParts): RuleOutcome {
  const all = [...watches].map(([, watch]) => watch);
  const alarming = all.filter(({ tally }) => tally.occurrences > 0);
  const totals = totalsOf(rule, alarming);
  const rangeMs = range.to - range.from;
  const worst = all.toSorted(({ tally: one }, { tally: other }) => other.occurrences - one.occurrences || other.activeMs - one.activeMs).slice(0, subjectsMax);
  return {
    rule: rule.id,
    version,
    levels: rule.condition.levels,
    subjects: plan.subjects.length,
    subjectsAlarming: alarming.length,
    standing: alarming.filter(({ tally }) => tally.open !== null).length,
    totals,
    occurrencesPerDay: totals.occurrences / (rangeMs / DAY_MS),
    activeShare: plan.subjects.length === 0 ? 0 : totals.activeMs / (rangeMs * plan.subjects.length),
    bySubject: worst.map(({ tally, evaluation, samples }) => tally.outcome(samples, evaluation.ignored)),
    occurrences: occurrences.toSorted((one, other) => one.raisedAt - other.raisedAt),
    notes: [...notes, ...notesOf(rule, all)],
  };
}

function totalsOf(rule: Rule, watches: readonly Watch[]): AlarmFigures {
  const levels = rule.condition.levels.map(() => 0);
  const notifications = Object.fromEntries(NOTIFY_CAUSES.map((cause) => [cause, 0])) as { [cause in NotifyCause]: number };
  let [occurrences, activeMs, longestMs] = [0, 0, 0];
  for (const { tally } of watches) {
    occurrences += tally.occurrences;
    activeMs += tally.activeMs;
    longestMs = Math.max(longestMs, tally.longestMs);
    tally.levels.forEach((count, level) => {
      levels[level] = (levels[level] ?? 0) + count;
    });
    for (const cause of NOTIFY_CAUSES) notifications[cause] += tally.notifications[cause];
  }
  return { occurrences, levels: levelCounts(rule.condition.levels, levels), activeMs, longestMs, notifications };
}

/** What a reader must know before he believes the figures. */
function notesOf(rule: Rule, watches: readonly Watch[]): string[] {
  const notes: string[] = [];
  const ignored = watches.reduce((sum, { evaluation }) => sum + evaluation.ignored, 0);
  if (ignored > 0) notes.push(`${ignored} samples had no value that the condition can judge`);
  const { failures } = rule.condition;
  if (failures !== undefined && failures.count > 0) notes.push(`the condition failed on ${failures.count} samples: ${failures.last?.reason ?? ''}`);
  if (rule.suppressedBy.length > 0) notes.push('suppression by other alarms is not part of a back-test: it may have told fewer people');
  if (rule.runsAt === 'edge') notes.push('the rule runs at the edge: gateways saw samples that they never sent, and this saw only what is stored');
  return notes;
}
