import { SEVERITIES, type Severity } from '../../domain/severity.ts';
import { busiestWindow } from './busiest-window.ts';
import { type Flood, floodsIn } from './floods.ts';

/** One change of a condition. `key` tells what it is of: one rule on one subject. */
export interface ConditionChange<Key extends string = string> {
  readonly time: number;
  readonly key: Key;
  readonly raised: boolean;
  /** Of a raise that people were told of; null: they were not, or it is the return to normal. */
  readonly told: Severity | null;
}

export interface AlarmStatistics<Key extends string = string> {
  /** Raises that people were told of. */
  readonly told: number;
  /** Those that were shelved, suppressed or out of service. */
  readonly silenced: number;
  readonly perOperatorHour: number;
  /** In ten minutes, for each operator. */
  readonly averagePer10Min: number;
  readonly peakPer10Min: number;
  /** Share of the time, 0 to 1. */
  readonly floodShare: number;
  readonly floods: readonly Flood[];
  /** Share of the ten most frequent in all, 0 to 1. */
  readonly topTenShare: number;
  /** The most frequent first. */
  readonly talkers: readonly { readonly key: Key; readonly count: number; readonly share: number }[];
  /** The worst first. `perMinute`: changes in their busiest minute. */
  readonly chattering: readonly { readonly key: Key; readonly perMinute: number; readonly raised: number }[];
  readonly severities: readonly SeverityShare[];
}

export interface SeverityShare {
  readonly severity: Severity;
  readonly count: number;
  /** 0 to 1 */
  readonly share: number;
  readonly recommended: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;
/** ISA-18.2: an alarm that changes more often than this within a minute chatters. */
const CHATTER_PER_MINUTE = 3;
const TOP = 10;

/** ISA-18.2 (16.5) and EEMUA 191 give these for four priorities. */
const RECOMMENDED_SHARES: Readonly<Record<Severity, number>> = { critical: 0.01, major: 0.05, minor: 0.15, warning: 0.79 };

/** The targets of ISA-18.2 for each operator: an average that is very likely acceptable, and the most that can be managed. */
export const TARGETS = {
  perOperatorHour: { acceptable: 6, manageable: 12 },
  averagePer10Min: { acceptable: 1, manageable: 2 },
  peakPer10Min: 10,
  floodShare: 0.01,
  topTenShare: 0.05,
  stale: 5,
} as const;

/** What happened from `from` (inclusive) to `to`, for so many operators at a time. `changes` in the order of their times. */
export function alarmStatistics<Key extends string>(
  changes: readonly ConditionChange<Key>[],
  range: { readonly from: number; readonly to: number; readonly operators: number },
): AlarmStatistics<Key> {
  const { from, to, operators } = range;
  const raised = changes.filter((change) => change.raised);
  const told = raised.filter((change) => change.told !== null);
  const times = told.map(({ time }) => time);
  const lengthMs = Math.max(1, to - from);
  const floods = floodsIn(times, to, operators);
  const talkers = [...countsBy(told)]
    .map(([key, count]) => ({ key, count, share: count / told.length }))
    .sort((one, other) => other.count - one.count || (one.key < other.key ? -1 : 1))
    .slice(0, TOP);
  return {
    told: told.length,
    silenced: raised.length - told.length,
    perOperatorHour: told.length / (lengthMs / HOUR_MS) / operators,
    averagePer10Min: told.length / Math.max(1, lengthMs / TEN_MINUTES_MS) / operators,
    peakPer10Min: busiestWindow(times, TEN_MINUTES_MS) / operators,
    floodShare: floods.reduce((sum, flood) => sum + flood.to - flood.from, 0) / lengthMs,
    floods,
    topTenShare: talkers.reduce((sum, { share }) => sum + share, 0),
    talkers,
    chattering: chatteringIn(changes, countsBy(raised)),
    severities: SEVERITIES.map((severity) => {
      const count = told.filter((change) => change.told === severity).length;
      return { severity, count, share: told.length === 0 ? 0 : count / told.length, recommended: RECOMMENDED_SHARES[severity] };
    }),
  };
}

function countsBy<Key extends string>(changes: readonly ConditionChange<Key>[]): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const { key } of changes) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function chatteringIn<Key extends string>(changes: readonly ConditionChange<Key>[], raised: ReadonlyMap<Key, number>): AlarmStatistics<Key>['chattering'] {
  const timesOf = new Map<Key, number[]>();
  for (const { key, time } of changes) {
    const times = timesOf.get(key);
    if (times) times.push(time);
    else timesOf.set(key, [time]);
  }
  return [...timesOf]
    .map(([key, times]) => ({ key, perMinute: busiestWindow(times, MINUTE_MS), raised: raised.get(key) ?? 0 }))
    .filter(({ perMinute }) => perMinute > CHATTER_PER_MINUTE)
    .sort((one, other) => other.perMinute - one.perMinute || other.raised - one.raised);
}
