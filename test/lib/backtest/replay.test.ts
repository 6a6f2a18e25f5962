import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvaluations } from '../../../src/lib/alarms/create-evaluation.ts';
import { parseRule } from '../../../src/lib/alarms/rule-document.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import type { SampleRow } from '../../../src/lib/storage/sample-store.ts';
import { planOf, planOfPoints, replayed } from '../../helpers/replayed.ts';
import { sample } from '../../helpers/sample-store-fixture.ts';

const MINUTE = 60_000;
const SCOPE = { points: '*' };
const HOT = { id: 'hot', scope: SCOPE, when: { bands: [{ level: 'major', high: 80, deadband: 2 }, { level: 'critical', high: 90, deadband: 2 }] } }; // biome-ignore format: short

/** One value a minute. */
function minutes(series: number, ...values: readonly SampleRow['value'][]): SampleRow[] {
  return values.map((value, index) => sample(series, index * MINUTE, value));
}

function only<Value>(values: readonly Value[]): Value {
  const [value] = values;
  if (value === undefined || values.length !== 1) throw new Error(`${values.length} values, not one`);
  return value;
}

describe('a replay', () => {
  it('says when the rule would have raised, how bad it was, and when it cleared', () => {
    const { rules } = replayed([HOT], minutes(1, 70, 81, 79, 92, 89, 87, 77, 70, 85));
    const outcome = only(rules);
    expect(outcome.occurrences).toMatchObject([
      {
        subject: { device: 'd', point: 'p1' },
        raisedAt: MINUTE,
        clearedAt: 6 * MINUTE,
        durationMs: 5 * MINUTE,
        level: { name: 'critical', severity: 'critical' },
        changes: [
          { time: MINUTE, level: 'major', value: 81 },
          { time: 3 * MINUTE, level: 'critical', value: 92 },
          { time: 5 * MINUTE, level: 'major', value: 87 },
        ],
        lowest: 79,
        highest: 92,
        inBoth: null,
      },
      { raisedAt: 8 * MINUTE, clearedAt: null, durationMs: 1, lowest: 85, highest: 85 },
    ]);
    expect(outcome.totals).toMatchObject({
      occurrences: 2,
      levels: { major: 3, critical: 1 },
      activeMs: 5 * MINUTE + 1,
      longestMs: 5 * MINUTE,
      // Raised, worse, cleared, raised: down from critical to major is not told.
      notifications: { raised: 2, worse: 1, repeated: 0, cleared: 1 },
    });
    expect(only(outcome.bySubject)).toMatchObject({ samples: 9, ignored: 0, standing: 'major' });
    expect(outcome).toMatchObject({ subjects: 1, subjectsAlarming: 1, standing: 1 });
  });

  it('is what the evaluator says sample by sample, however the samples are cut into stretches and blocks', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: 60, max: 100 }), fc.constantFrom('text', true, null)), { minLength: 1, maxLength: 60 });
    const document = fc.record({
      id: fc.constant('any'),
      scope: fc.constant(SCOPE),
      when: fc.constantFrom<JsonValue>(HOT.when, { noData: { after: '5m', level: 'major' } }),
      onDelay: fc.constantFrom('0s', '90s', '4m'),
      offDelay: fc.constantFrom('0s', '150s'),
    });
    const gaps = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 });
    const property = fc.property(
      values,
      values,
      gaps,
      document,
      fc.array(fc.nat(60 * 9)),
      fc.integer({ min: 1, max: 50 }),
      (one, other, steps, rule, cuts, blockRows) => {
        let time = 0;
        const times = steps.map((step) => (time += step * MINUTE));
        const rows = [one, other].flatMap((list, index) => list.map((value, at) => sample(index + 1, times[at] ?? 0, value)));
        const to = (times.at(-1) ?? 0) + 30 * MINUTE;
        const result = replayed([rule], rows, {
          from: 0,
          to,
          cuts: cuts.map((cut) => cut * MINUTE),
          blockRows,
          plan: { ...planOfPoints(2), createdAt: new Float64Array(2).fill(1e12) },
        });
        const found = only(result.rules).occurrences.flatMap(({ subject, changes, clearedAt }) => [
          ...changes.map(({ time, level }) => `${subject.point} ${time} ${level}`),
          ...(clearedAt === null ? [] : [`${subject.point} ${clearedAt} normal`]),
        ]);
        expect(found.toSorted()).toEqual(changesOf(rule, rows, to).toSorted());
      },
    );
    fc.assert(property);
  });

  it('follows what came before the range without counting it', () => {
    const rows = minutes(1, 85, 70, 85, 85, 85, 70, 85, 70);
    const outcome = only(replayed([HOT], rows, { leadFrom: 0, from: 4 * MINUTE }).rules);
    expect(outcome.occurrences).toMatchObject([
      { raisedAt: 2 * MINUTE, clearedAt: 5 * MINUTE, durationMs: MINUTE },
      { raisedAt: 6 * MINUTE, clearedAt: 7 * MINUTE },
    ]);
    expect(outcome.totals).toMatchObject({ occurrences: 2, levels: { major: 1 }, notifications: { raised: 1, cleared: 2 } });
  });

  it('draws for each subject where it was how bad', () => {
    const rows = minutes(1, ...Array.from({ length: 100 }, (_, index) => (index < 10 || index === 55 ? 95 : index >= 90 ? 82 : 20)));
    expect(only(only(replayed([HOT], rows, { to: 100 * MINUTE, from: 0, parts: 10 }).rules).bySubject).timeline).toBe('2000020001');
  });

  it('counts alarms of silence, of what never spoke too', () => {
    const rule = { id: 'silent', scope: SCOPE, when: { noData: { after: '5m', level: 'major' } } };
    const rows = [0, 1, 2, 10, 11].map((minute) => sample(1, minute * MINUTE, 20));
    const outcome = only(replayed([rule], rows, { from: 0, to: 20 * MINUTE, plan: planOfPoints(2) }).rules);
    expect(
      outcome.occurrences.map(({ subject, raisedAt, clearedAt }) => [subject.point, raisedAt / MINUTE, clearedAt === null ? null : clearedAt / MINUTE]),
    ).toEqual([
      ['p2', 5, null],
      ['p1', 7, 10],
      ['p1', 16, null],
    ]);
    expect(outcome.bySubject.map(({ samples, standing }) => [samples, standing])).toEqual([[5, 'major'], [0, 'major']]); // biome-ignore format: short
  });

  it('leaves late samples out when it is told to, and shows what is not good as a sign of life alone', () => {
    const rows = [sample(1, 0, 70), sample(1, MINUTE, 85, { late: true }), sample(1, 2 * MINUTE, 95, { quality: 'bad' }), sample(1, 3 * MINUTE, 70)];
    expect(only(replayed([HOT], rows).rules).totals.occurrences).toBe(1);
    expect(replayed([HOT], rows).samplesLate).toBe(1);
    const skipped = only(replayed([HOT], rows, { late: 'skip' }).rules);
    expect(skipped.totals.occurrences).toBe(0);
    expect(only(skipped.bySubject).samples).toBe(3);
  });

  it('tells again while nobody acknowledges, and nobody outside of the calendar', () => {
    const rows = [sample(1, 0, 70), sample(1, 60 * MINUTE, 85), sample(1, 290 * MINUTE, 70), sample(1, 301 * MINUTE, 70)];
    const counts = (more: object) => only(replayed([{ ...HOT, ...more }], rows).rules).totals.notifications;
    expect(counts({ reAlarm: '1h' })).toEqual({ raised: 1, worse: 0, repeated: 3, cleared: 1 });
    expect(counts({ reAlarm: '1h', requiresAck: false })).toMatchObject({ repeated: 0 });
    // 1 January 1970 was a Thursday. It is raised at 01:00, and told when the calendar begins.
    expect(counts({ calendar: { timezone: 'UTC', active: ['thu 02:30-23:00'] }, reAlarm: '1h' })).toEqual({ raised: 1, worse: 0, repeated: 2, cleared: 1 });
    expect(counts({ calendar: { timezone: 'UTC', active: ['fri'] } })).toEqual({ raised: 0, worse: 0, repeated: 0, cleared: 0 });
  });

  it('compares two rules: what one found alone, what both found', () => {
    const rows = [...minutes(1, 70, 85, 70, 95, 70, 85, 95, 85, 70), ...minutes(2, 70, 70, 70, 70, 91)];
    const strict = { id: 'strict', scope: SCOPE, when: { bands: [{ level: 'major', high: 90 }] } };
    for (const cuts of [[], [2, 3, 5, 6].map((minute) => minute * MINUTE)]) {
      const { comparison, rules } = replayed([HOT, strict], rows, { cuts });
      expect(comparison).toEqual({ onlyA: 1, onlyB: 0, bothA: 3, bothB: 3 });
      expect(rules.map(({ occurrences }) => occurrences.map(({ raisedAt, inBoth }) => [raisedAt / MINUTE, inBoth]))).toEqual([
        [[1, false], [3, true], [4, true], [5, true]],
        [[3, true], [4, true], [6, true]],
      ]); // biome-ignore format: short
    }
    expect(replayed([HOT, HOT], rows).comparison).toMatchObject({ onlyA: 0, onlyB: 0, bothA: 4 });
  });

  it('lists as many occurrences as are asked for, the differences apart, and counts all', () => {
    const rows = minutes(1, ...Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 70 : index % 4 === 1 ? 85 : 95)));
    const strict = { id: 'strict', scope: SCOPE, when: { bands: [{ level: 'major', high: 90 }] } };
    const [hot] = replayed([HOT, strict], rows, { occurrencesMax: 3 }).rules;
    expect(hot?.totals.occurrences).toBe(50);
    expect(hot?.occurrences.map(({ inBoth }) => inBoth).toSorted()).toEqual([false, false, false, true, true, true]);
  });

  it('merges the points of a device by time', () => {
    const rule = { id: 'silent', when: { noData: { after: '5m', level: 'major', of: 'device' } } };
    const rows = [sample(1, 0, 1), sample(2, 4 * MINUTE, 1), sample(1, 8 * MINUTE, 1), sample(2, 20 * MINUTE, 1)];
    const plan = planOf([{ device: 'd' as never, point: null, group: null }], [[1, 0, 0, 0], [2, 0, 0, 0]]); // biome-ignore format: short
    for (const cuts of [[], [1, 5, 6].map((minute) => minute * MINUTE)]) {
      const outcome = only(replayed([rule], rows, { plan, cuts, blockRows: 1 }).rules);
      expect(outcome.occurrences).toMatchObject([{ subject: { device: 'd', point: null }, raisedAt: 13 * MINUTE, clearedAt: 20 * MINUTE }]);
    }
  });
});

/** The slow and plain way: every sample, one by one, and the clock at the end. */
function changesOf(document: JsonValue, rows: readonly SampleRow[], to: number): string[] {
  const parsed = parseRule(document, { version: 1 });
  if (!parsed.ok) throw new Error('not a rule');
  const { rule } = parsed;
  const evaluationOf = createEvaluations(rule);
  return [1, 2].flatMap((series) => {
    const evaluation = evaluationOf({ device: 'd' as never, point: `p${series}` as never, group: null });
    const changes = rows
      .filter((row) => row.series === series)
      .sort((one, other) => one.time - other.time)
      .flatMap(({ time, value }) => evaluation.sample(0, time, value) ?? []);
    return [...changes, ...(evaluation.advance(to - 1) ?? [])].map(
      (change) => `p${series} ${change.time} ${rule.condition.levels[change.to - 1]?.name ?? 'normal'}`,
    );
  });
}
