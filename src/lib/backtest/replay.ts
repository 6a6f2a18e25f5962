import type { Rule } from '../alarms/rule.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { ScanBlock } from '../storage/sample-store.ts';
import type { BacktestProgress, BacktestResult, Occurrence } from './backtest.ts';
import { createMatcher, type Side } from './compare.ts';
import type { PlannedRule, ReplayOrder } from './messages.ts';
import { outcomeOf } from './outcome.ts';
import { createRuleReplay, lateOf, type RuleReplay } from './rule-replay.ts';
import { firstAtLeast } from './sample-values.ts';
import { type OpenOccurrence, occurrenceOf } from './subject-tally.ts';

/** One or two rules over a range: takes what a scan gives, in its order. */
export interface Replay {
  take(block: ScanBlock): void;
  readonly progress: BacktestProgress;
  finish(): Omit<BacktestResult, 'elapsedMs' | 'series'>;
}

export function createReplay(order: ReplayOrder, rules: readonly { readonly rule: Rule; readonly planned: PlannedRule }[]): Replay {
  const { from, to, occurrencesMax, subjectsMax } = order;
  const compared = rules.length > 1;
  const listings = rules.map(() => createListing(occurrencesMax));
  const matcher = createMatcher((side, subject, occurrence) => list(side, subject, occurrence));
  const sides = rules.map(({ rule, planned: { plan } }, index) => {
    const keys = compared ? new Map(plan.subjects.map((subject, at) => [subjectKey(subject), at])) : new Map<string, number>();
    const replay = createRuleReplay(rule, plan, order, (subject, _tally, occurrence) => {
      const named = plan.subjects[subject];
      if (named === undefined) return;
      if (compared) matcher.add(index === 0 ? 0 : 1, subjectKey(named), occurrence);
      else listings[0]?.add(occurrence, () => occurrenceOf(rule, named, occurrence, order, false));
    });
    return { replay, keys };
  });
  let stretchFrom = Number.NEGATIVE_INFINITY;
  let stretchTo = Number.NEGATIVE_INFINITY;
  let samples = 0;
  let samplesLate = 0;

  return {
    take({ columns, stretch }) {
      if (stretch.from !== stretchFrom) endStretch();
      stretchFrom = stretch.from;
      stretchTo = stretch.to;
      const { series, time, count } = columns;
      for (let begin = 0; begin < count; ) {
        const id = series[begin] ?? 0;
        // Series rise within a stretch.
        const end = series[count - 1] === id ? count : firstAtLeast(series, id + 1, begin, count);
        const start = (time[begin] ?? 0) >= from ? begin : firstAtLeast(time, from, begin, end);
        samples += end - start;
        samplesLate += lateOf(columns, start, end);
        for (const { replay } of sides) replay.take(id, { columns, begin, end });
        begin = end;
      }
    },
    get progress() {
      return { samples, time: Math.min(Math.max(stretchTo, from), to), from, to, occurrences: sides.map(({ replay }) => replay.occurrences) };
    },
    finish() {
      endStretch();
      for (const { replay } of sides) replay.finish();
      matcher.flush(() => null);
      return {
        from,
        to,
        warmFrom: order.warmFrom,
        samples,
        samplesLate,
        rules: rules.map(({ rule, planned }, index) =>
          outcomeOf({
            rule,
            version: planned.version,
            plan: planned.plan,
            watches: sides[index]?.replay.watches ?? [],
            occurrences: listings[index]?.items ?? [],
            range: order,
            subjectsMax,
            notes: planned.notes,
          }),
        ),
        comparison: compared ? matcher.comparison : null,
      };
    },
  };

  function endStretch(): void {
    if (stretchTo === Number.NEGATIVE_INFINITY) return;
    for (const { replay } of sides) replay.endStretch(Math.min(stretchTo, to));
    if (compared) matcher.flush((side, subject) => openOf(sides[side], subject));
  }

  function openOf(side: { readonly replay: RuleReplay; readonly keys: ReadonlyMap<string, number> } | undefined, subject: string): OpenOccurrence | null {
    const index = side?.keys.get(subject);
    return index === undefined ? null : (side?.replay.watchOf(index)?.tally.open ?? null);
  }

  function list(side: Side, subject: string, occurrence: OpenOccurrence): void {
    const [rule, index] = [rules[side], sides[side]?.keys.get(subject)];
    const named = index === undefined ? undefined : rule?.planned.plan.subjects[index];
    if (rule !== undefined && named !== undefined) listings[side]?.add(occurrence, () => occurrenceOf(rule.rule, named, occurrence, order, true));
  }
}

/** Keeps the first ones; what both rules found does not crowd out the differences. */
function createListing(max: number) {
  const items: Occurrence[] = [];
  let [common, differing] = [0, 0];
  return {
    items,
    add({ inBoth }: OpenOccurrence, make: () => Occurrence): void {
      if (inBoth ? common >= max : differing >= max) return;
      if (inBoth) common += 1;
      else differing += 1;
      items.push(make());
    },
  };
}
