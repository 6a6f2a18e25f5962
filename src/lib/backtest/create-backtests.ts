import type { ScriptRunner } from '../alarms/conditions/condition.ts';
import type { Rule } from '../alarms/rule.ts';
import { parseRule, usesScript } from '../alarms/rule-document.ts';
import type { SeriesId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { BacktestQuery, BacktestResult, Backtests, TriedRule } from './backtest.ts';
import type { PlannedRule, ReplayOrder } from './messages.ts';
import { replayInThread } from './replay-thread.ts';
import { planWatches } from './subjects.ts';

const DAY_MS = 86_400_000;

export interface BacktestPorts {
  readonly store: Pick<SampleStore, 'scan'>;
  readonly directory: Directory;
  /** Resolves when everything that was acknowledged can be read, as far as it can be. */
  readonly current: () => Promise<void>;
  readonly clock: () => number;
  readonly runningMax: number;
  /** Reads rules with scripts; they run in the thread of the back-test. */
  readonly scripts?: ScriptRunner & { prepare?(): Promise<void> };
}

export function createBacktests(ports: BacktestPorts): Backtests {
  let running = 0;
  return {
    get running() {
      return running;
    },
    async run(query, signal, onProgress) {
      if (query.rules.some(({ document }) => usesScript(document))) await ports.scripts?.prepare?.();
      const order = await orderOf(ports, query);
      if (running >= ports.runningMax)
        throw new MusterError('overloaded', `${ports.runningMax} back-tests are under way already (limits.backtests)`, {
          hint: 'Try again when one has ended.',
        });
      running += 1;
      try {
        return await replay(ports, order, signal, onProgress);
      } finally {
        running -= 1;
      }
    },
  };
}

async function replay(ports: BacktestPorts, order: ReplayOrder, signal: AbortSignal, onProgress: Parameters<Backtests['run']>[2]): Promise<BacktestResult> {
  const began = performance.now();
  await ports.current();
  const series = [...new Set(order.rules.flatMap(({ plan }) => [...plan.series]))].sort((a, b) => a - b);
  const blocks = ports.store.scan({ series: series as SeriesId[], from: order.warmFrom, to: order.to }, signal);
  const result = await replayInThread(order, blocks, signal, onProgress);
  return { ...result, series: series.length, elapsedMs: performance.now() - began };
}

/** Throws MusterError `invalid` for a document that is no rule, and for a range that holds nothing. */
async function orderOf({ directory, clock, scripts }: BacktestPorts, query: BacktestQuery): Promise<ReplayOrder> {
  const to = Math.min(query.to, clock());
  if (!(query.from < to)) throw new MusterError('invalid', 'the range of the back-test is empty, or still to come', { details: { field: 'from' } });
  const rules = query.rules.map((tried, index) => ({ tried, rule: readRule(tried, index, query.rules.length, scripts) }));
  const planned: PlannedRule[] = [];
  for (const { tried, rule } of rules) planned.push({ ...tried, plan: await planWatches(directory, query.project, rule, query), notes: notesOf(rule, query) });
  const leadMs = Math.max(...rules.map(({ rule }) => leadOf(rule)));
  const historyMs = Math.max(...rules.map(({ rule }) => historyOf(rule)));
  return {
    rules: planned,
    from: query.from,
    to,
    leadFrom: query.from - leadMs,
    warmFrom: query.from - leadMs - historyMs,
    late: query.late,
    parts: query.parts,
    occurrencesMax: query.occurrencesMax,
    subjectsMax: query.subjectsMax,
  };
}

function readRule({ document, version }: TriedRule, index: number, rules: number, scripts: ScriptRunner | undefined): Rule {
  const parsed = parseRule(document, { version: version ?? 1, ...(scripts === undefined ? {} : { scripts }) });
  if (parsed.ok) return parsed.rule;
  const [first] = parsed.problems;
  const which = rules === 1 ? 'the rule' : index === 0 ? 'the first rule' : 'the second rule';
  const text = parsed.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  throw new MusterError('invalid', `${which} is wrong: ${text}`, { details: { problems: parsed.problems, field: first?.path ?? '', rule: index } });
}

/**
 * How long before the range it is followed without being counted: what holds at the start is then known to hold, with its delays over. A day shows a deadband
 * the swing that it needs.
 */
function leadOf({ onDelayMs, offDelayMs, repeat }: Rule): number {
  return Math.max(DAY_MS, 2 * (onDelayMs + offDelayMs), repeat?.withinMs ?? 0);
}

/** How long before that its windows are filled. A window of so many samples is filled by the lead, or as far as that goes. */
function historyOf({ condition: { history } }: Rule): number {
  return history.samples === 0 ? 0 : Number.isFinite(history.durationMs) ? history.durationMs : DAY_MS;
}

function notesOf({ condition: { subject } }: Rule, { devices, points }: BacktestQuery): string[] {
  const notes: string[] = [];
  if (devices !== null && subject === 'group') notes.push('it watches groups: the choice of devices was not applied');
  if (points !== null && subject !== 'point') notes.push(`it watches ${subject === 'group' ? 'groups' : 'devices'}: the choice of points was not applied`);
  return notes;
}
