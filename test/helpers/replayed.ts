import { parseRule } from '../../src/lib/alarms/rule-document.ts';
import type { BacktestResult } from '../../src/lib/backtest/backtest.ts';
import type { PlannedRule, ReplayOrder, WatchPlan } from '../../src/lib/backtest/messages.ts';
import { createReplay } from '../../src/lib/backtest/replay.ts';
import type { AlarmSubject } from '../../src/lib/domain/alarm.ts';
import type { DeviceId, PointPath } from '../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import type { SampleRow, TimeRange } from '../../src/lib/storage/sample-store.ts';
import { columnsOf } from './sample-store-fixture.ts';

/** Series n is the point `p<n>` of the device `d`. */
export function planOfPoints(count: number): WatchPlan {
  const subjects: AlarmSubject[] = Array.from({ length: count }, (_, index) => ({
    device: 'd' as DeviceId,
    point: `p${index + 1}` as PointPath,
    group: null,
  }));
  return planOf(
    subjects,
    subjects.map((_, index) => [index + 1, index, 0, 0]),
  );
}

export function planOf(
  subjects: readonly AlarmSubject[],
  entries: readonly (readonly [series: number, subject: number, slot: number, member: number])[],
  more: { readonly createdAt?: number; readonly members?: readonly (readonly string[])[] } = {},
): WatchPlan {
  return {
    subjects,
    createdAt: new Float64Array(subjects.length).fill(more.createdAt ?? 0),
    members: more.members ?? subjects.map(() => []),
    series: Float64Array.from(entries, ([series]) => series),
    subject: Uint32Array.from(entries, ([, subject]) => subject),
    slot: Uint16Array.from(entries, ([, , slot]) => slot),
    member: Uint32Array.from(entries, ([, , , member]) => member),
  };
}

export interface ReplayOptions extends Partial<Omit<ReplayOrder, 'rules'>> {
  readonly plan?: WatchPlan;
  /** Where stretches end. */
  readonly cuts?: readonly number[];
  readonly blockRows?: number;
}

/** Documents replayed in this thread over rows in any order. */
export function replayed(
  documents: readonly JsonValue[],
  rows: readonly SampleRow[],
  options: ReplayOptions = {},
): Omit<BacktestResult, 'elapsedMs' | 'series'> {
  const { plan = planOfPoints(Math.max(1, ...rows.map(({ series }) => series))), cuts = [], blockRows = 1000, ...given } = options;
  const rules = documents.map((document) => {
    const parsed = parseRule(document, { version: 1 });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const planned: PlannedRule = { version: 1, document, plan, notes: [] };
    return { rule: parsed.rule, planned };
  });
  const times = rows.map(({ time }) => time);
  const order: ReplayOrder = {
    rules: rules.map(({ planned }) => planned),
    from: Math.min(...times),
    to: Math.max(...times) + 1,
    leadFrom: given.from ?? Math.min(...times),
    warmFrom: given.leadFrom ?? given.from ?? Math.min(...times),
    late: 'use',
    parts: 10,
    occurrencesMax: 1000,
    subjectsMax: 1000,
    ...given,
  };
  const replay = createReplay(order, rules);
  for (const stretch of stretchesOf(order, cuts)) {
    const members = rows
      .filter(({ time }) => time >= stretch.from && time < stretch.to)
      .sort((one, other) => one.series - other.series || one.time - other.time);
    for (let at = 0; at < members.length; at += blockRows) replay.take({ columns: columnsOf(members.slice(at, at + blockRows)), stretch });
  }
  return replay.finish();
}

function stretchesOf({ warmFrom, to }: ReplayOrder, cuts: readonly number[]): TimeRange[] {
  const edges = [warmFrom, ...cuts.filter((cut) => cut > warmFrom && cut < to).toSorted((a, b) => a - b), to];
  return edges.slice(1).map((edge, index) => ({ from: edges[index] ?? warmFrom, to: edge }));
}
