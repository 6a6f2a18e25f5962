import { createEvaluations } from '../alarms/create-evaluation.ts';
import type { Rule } from '../alarms/rule.ts';
import type { AlarmSubject } from '../domain/alarm.ts';
import { LATE_FLAG, type SampleColumns } from '../storage/sample-columns.ts';
import { type Lane, mergeLanes } from './merge.ts';
import type { WatchPlan } from './messages.ts';
import { firstAtLeast, isPlain, shownValue } from './sample-values.ts';
import { createSubjectTally, type OpenOccurrence, type SubjectTally } from './subject-tally.ts';
import { advance, evaluateRows, type Rows, show, type Watch, warmUp } from './watch.ts';

export interface ReplayRange {
  readonly from: number;
  readonly to: number;
  readonly leadFrom: number;
  readonly parts: number;
  readonly late: 'use' | 'skip';
}

/** One rule on everything that it watches, replayed stretch by stretch. */
export interface RuleReplay {
  readonly rule: Rule;
  /** Rows of one series in the stretch that is under way, by time. Series rise, and come back in the next stretch. */
  take(series: number, rows: Rows): void;
  /** The stretch is over: everything that is due before `to` happens. */
  endStretch(to: number): void;
  /** The range is over. */
  finish(): void;
  readonly watches: Iterable<readonly [subject: number, watch: Watch]>;
  /** undefined: it has had no sample. */
  watchOf(subject: number): Watch | undefined;
  readonly occurrences: number;
}

/** `settled`: an occurrence is complete. */
export function createRuleReplay(
  rule: Rule,
  plan: WatchPlan,
  range: ReplayRange,
  settled: (subject: number, tally: SubjectTally, occurrence: OpenOccurrence) => void,
): RuleReplay {
  const { condition } = rule;
  const evaluationOf = createEvaluations(rule);
  const skipped = range.late === 'skip' ? LATE_FLAG : 0;
  // Samples of several series make one picture, or subjects are compared with each other: then time decides the order.
  const together = condition.subject !== 'point' || condition.share !== undefined;
  const watches = new Map<number, Watch>();
  const lanes = new Map<number, { readonly entry: number; readonly pieces: Rows[] }>();
  let occurrences = 0;
  if (condition.kind === 'noData') for (const subject of plan.subjects.keys()) awaitFirst(subject, plan.createdAt[subject] ?? 0);

  return {
    rule,
    watches,
    watchOf: (subject) => watches.get(subject),
    get occurrences() {
      return occurrences;
    },
    take(series, rows) {
      for (let entry = firstAtLeast(plan.series, series, 0, plan.series.length); plan.series[entry] === series; entry += 1) {
        if (together) keep(entry, rows);
        else alone(entry, rows);
      }
    },
    endStretch(to) {
      if (together) mergeKept();
      for (const watch of watches.values()) advance(watch, to - 1);
    },
    finish() {
      for (const [subject, watch] of watches) {
        // It was made while the range lasted, and was never heard of.
        const created = plan.createdAt[subject] ?? 0;
        if (condition.kind === 'noData' && watch.evaluation.lastTime === Number.NEGATIVE_INFINITY && created < range.to) begin(watch, created);
        advance(watch, range.to - 1);
        watch.tally.finish();
      }
    },
  };

  function madeWatch(subject: number): Watch {
    const known = watches.get(subject);
    if (known !== undefined) return known;
    const named: AlarmSubject = plan.subjects[subject] ?? { device: null, point: null, group: null };
    const evaluation = evaluationOf(named);
    const tally: SubjectTally = createSubjectTally(rule, named, range, (occurrence) => {
      occurrences += 1;
      settled(subject, tally, occurrence);
    });
    const members = (plan.members[subject] ?? []).map((device) => evaluation.join(device));
    const watch: Watch = { evaluation, tally, members, samples: 0, passed: Number.NEGATIVE_INFINITY };
    watches.set(subject, watch);
    return watch;
  }

  /** Who is silent from the start has to be told of, too. */
  function awaitFirst(subject: number, created: number): void {
    const watch = madeWatch(subject);
    if (created <= range.leadFrom) begin(watch, range.leadFrom);
  }

  function begin(watch: Watch, time: number): void {
    for (const change of watch.evaluation.advance(time, time) ?? []) watch.tally.take(change);
  }

  function alone(entry: number, rows: Rows): void {
    const watch = madeWatch(plan.subject[entry] ?? 0);
    const slot = plan.slot[entry] ?? 0;
    const lead = warmed(watch, slot, 0, rows);
    evaluateRows(watch, lead, slot, 0, skipped);
    count(watch, lead);
  }

  function keep(entry: number, rows: Rows): void {
    const lane = lanes.get(entry);
    if (lane === undefined) lanes.set(entry, { entry, pieces: [rows] });
    else lane.pieces.push(rows);
  }

  function mergeKept(): void {
    // Evaluations that share nothing need no common order: small heaps are fast ones.
    const clusters = new Map<number, Lane[]>();
    for (const { entry, pieces } of [...lanes.values()].sort((a, b) => order(a.entry, b.entry))) {
      const subject = plan.subject[entry] ?? 0;
      const watch = madeWatch(subject);
      const lane = { watch, slot: plan.slot[entry] ?? 0, member: watch.members[plan.member[entry] ?? 0] ?? 0, pieces };
      const cluster = condition.share === undefined ? subject : 0;
      const others = clusters.get(cluster);
      if (others === undefined) clusters.set(cluster, [lane]);
      else others.push(lane);
    }
    lanes.clear();
    for (const cluster of clusters.values()) mergeLanes(cluster, giveOne);
  }

  /** Of one subject by slot, as the points of a device lie in its rule. */
  function order(one: number, other: number): number {
    return (
      (plan.subject[one] ?? 0) - (plan.subject[other] ?? 0) ||
      (plan.member[one] ?? 0) - (plan.member[other] ?? 0) ||
      (plan.slot[one] ?? 0) - (plan.slot[other] ?? 0) ||
      one - other
    );
  }

  function giveOne({ watch, slot, member }: Lane, { columns }: Rows, row: number): void {
    const flags = columns.flags[row] ?? 0;
    if ((flags & skipped) !== 0) return;
    const time = columns.time[row] ?? 0;
    const value = isPlain(columns.tag[row] ?? 0, flags) ? (columns.number[row] ?? 0) : shownValue(columns, row);
    if (time < range.leadFrom) watch.evaluation.warm(slot, time, value, member);
    else show(watch, slot, time, value, member);
    if (time >= range.from) watch.samples += 1;
  }

  /** Shows what lies before the lead; gives the rest. */
  function warmed(watch: Watch, slot: number, member: number, rows: Rows): Rows {
    const { columns, begin: first, end } = rows;
    if ((columns.time[first] ?? 0) >= range.leadFrom) return rows;
    const lead = firstAtLeast(columns.time, range.leadFrom, first, end);
    warmUp(watch, { columns, begin: first, end: lead }, slot, member, skipped);
    return { columns, begin: lead, end };
  }

  function count(watch: Watch, { columns, begin: first, end }: Rows): void {
    const start = (columns.time[first] ?? 0) >= range.from ? first : firstAtLeast(columns.time, range.from, first, end);
    watch.samples += end - start - (skipped === 0 ? 0 : lateOf(columns, start, end));
  }
}

export function lateOf({ flags }: SampleColumns, begin: number, end: number): number {
  let late = 0;
  for (let row = begin; row < end; row += 1) if (((flags[row] ?? 0) & LATE_FLAG) !== 0) late += 1;
  return late;
}
