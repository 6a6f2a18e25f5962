import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRule } from '../../../src/lib/alarms/rule-document.ts';
import { planWatches } from '../../../src/lib/backtest/subjects.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { createScriptThread } from '../../../src/lib/scripts/script-thread.ts';
import { backtestFixture } from '../../helpers/recorded-backtests.ts';
import { sample } from '../../helpers/sample-store-fixture.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const hot = (more: object = {}) =>
  ({ id: 'hot', scope: { points: 'boiler/*' }, when: { bands: [{ level: 'major', high: 80, deadband: 2 }] }, ...more }) as JsonValue;
const POINTS = [
  { device: 'b1', path: 'boiler/temperature', series: 1, labels: { group: 'paris/hall-2' } },
  { device: 'b1', path: 'boiler/pressure', series: 2 },
  { device: 'b1', path: 'other', series: 3 },
  { device: 'b2', path: 'boiler/temperature', series: 4, labels: { group: 'paris' } },
] as const;
/** A value a minute for three days; above the limit for the first ten minutes of each hour. */
const ROWS = POINTS.flatMap(({ series }) => Array.from({ length: 3 * 1440 }, (_, minute) => sample(series, minute * MINUTE, minute % 60 < 10 ? 85 : 70)));

describe('a back-test on stored samples', () => {
  it('replays every point that the rule watches, in a thread of its own', async () => {
    const { run, backtests } = await backtestFixture(POINTS, ROWS);
    const result = await run([hot()], { from: DAY, to: 3 * DAY });
    expect(result).toMatchObject({ from: DAY, to: 3 * DAY, warmFrom: -DAY, series: 3, samples: 3 * 2 * 1440, samplesLate: 0, comparison: null });
    const [rule] = result.rules;
    expect(rule).toMatchObject({ rule: 'hot', version: null, subjects: 3, subjectsAlarming: 3, standing: 0, occurrencesPerDay: 72 });
    expect(rule?.totals).toMatchObject({ occurrences: 3 * 48, activeMs: 3 * 48 * 10 * MINUTE, longestMs: 10 * MINUTE });
    expect(rule?.activeShare).toBeCloseTo(1 / 6, 10);
    expect(rule?.bySubject.map(({ subject, samples }) => [subject.device, subject.point, samples]).toSorted()).toEqual([
      ['b1', 'boiler/pressure', 2880],
      ['b1', 'boiler/temperature', 2880],
      ['b2', 'boiler/temperature', 2880],
    ]);
    expect(backtests.running).toBe(0);
  });

  it('takes only the devices and points that are chosen', async () => {
    const { run } = await backtestFixture(POINTS, ROWS);
    const subjects = async (more: object) =>
      (await run([hot()], { from: DAY, to: DAY + 60 * MINUTE, ...more })).rules[0]?.bySubject.map(({ subject }) => `${subject.device} ${subject.point}`);
    expect(await subjects({ devices: ['b2'] })).toEqual(['b2 boiler/temperature']);
    expect(await subjects({ points: ['*/pressure'] })).toEqual(['b1 boiler/pressure']);
    expect(await subjects({ devices: ['x*'] })).toEqual([]);
  });

  it('says what is wrong with a rule or a range, and how many may run', async () => {
    const { run } = await backtestFixture(POINTS, ROWS, { runningMax: 1 });
    await expect(run([{ id: 'x', when: { bands: [] } }])).rejects.toMatchObject({ code: 'invalid', details: { problems: expect.any(Array) } });
    await expect(run([hot(), { id: 'x' }])).rejects.toThrow(/the second rule is wrong/);
    await expect(run([hot()], { from: 5, to: 5 })).rejects.toMatchObject({ code: 'invalid' });
    await expect(run([hot()], { from: 3e12, to: 4e12 })).rejects.toMatchObject({ code: 'invalid' });
    const first = run([hot()]);
    await expect(run([hot()])).rejects.toMatchObject({ code: 'overloaded' });
    await first;
    expect((await run([hot()])).samples).toBe(3 * 3 * 1440);
  });

  it('ends with the reason when its signal says so, and gives its place back', async () => {
    const { run, backtests } = await backtestFixture(POINTS, ROWS);
    const reason = new Error('enough');
    await expect(run([hot()], {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const running = run([hot()], {}, abort.signal);
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(backtests.running).toBe(0);
  });

  it('has nothing to say where there are no samples', async () => {
    const { run } = await backtestFixture(POINTS, ROWS);
    const result = await run([hot()], { from: 100 * DAY, to: 101 * DAY });
    expect(result).toMatchObject({ samples: 0, rules: [{ subjects: 3, subjectsAlarming: 0, occurrences: [], totals: { occurrences: 0, activeMs: 0 } }] });
  });

  it('runs rules over several points of a device, and rules with scripts', async () => {
    const scripts = createScriptThread();
    onTestFinished(() => scripts.stop());
    const { run } = await backtestFixture(POINTS, ROWS, { scripts: Object.assign(scripts, { prepare: async () => undefined }) });
    const points = { t: 'boiler/temperature', p: 'boiler/pressure' };
    const source = 'function evaluate(input) { const { t, p } = input.values; return { level: t > 80 && p > 80 ? "major" : null }; }';
    const range = { from: DAY, to: DAY + 180 * MINUTE };
    const [joint, script] = (
      await run(
        [
          { id: 'joint', when: { joint: { points, level: 'major', if: 't > 80 && p > 80' } } },
          { id: 'script', when: { script: { points, level: 'major', source } } },
        ],
        range,
      )
    ).rules;
    for (const rule of [joint, script]) {
      expect(
        rule?.occurrences.map(({ subject, raisedAt, clearedAt }) => [subject.device, (raisedAt - DAY) / MINUTE, ((clearedAt ?? 0) - DAY) / MINUTE]),
        rule?.rule,
      ).toEqual([
        ['b1', 0, 10],
        ['b1', 60, 70],
        ['b1', 120, 130],
      ]);
    }
  });

  it('compares two rules over all points', async () => {
    const { run } = await backtestFixture(POINTS, ROWS);
    const { comparison, rules } = await run([hot(), hot({ onDelay: '5m', scope: { points: 'boiler/temperature' } })], { from: DAY, to: 2 * DAY });
    expect(comparison).toEqual({ onlyA: 24, onlyB: 0, bothA: 48, bothB: 48 });
    expect(rules.map(({ totals }) => totals.activeMs / MINUTE)).toEqual([72 * 10, 48 * 5]);
  });
});

describe('what a rule watches in a back-test', () => {
  const planned = async (document: JsonValue) => {
    const { directory } = await backtestFixture(POINTS, ROWS.slice(0, 1));
    const parsed = parseRule(document, { version: 1 });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const plan = await planWatches(directory, 'default' as ProjectId, parsed.rule, { devices: null, points: null });
    return {
      subjects: plan.subjects.map(({ device, point, group }) => group ?? `${device} ${point ?? ''}`.trim()),
      entries: [...plan.series].map((series, index) => [series, plan.subject[index], plan.slot[index], plan.member[index]]),
      members: plan.members,
    };
  };

  it('is each of its points, or each device with the points that the condition reads', async () => {
    expect(await planned(hot())).toMatchObject({
      subjects: ['b1 boiler/pressure', 'b1 boiler/temperature', 'b2 boiler/temperature'],
      entries: [[1, 1, 0, 0], [2, 0, 0, 0], [4, 2, 0, 0]], // biome-ignore format: short
    });
    expect(await planned({ id: 'silent', when: { noData: { after: '5m', of: 'device', level: 'major' } } })).toMatchObject({
      subjects: ['b1', 'b2'],
      entries: [[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0], [4, 1, 0, 0]], // biome-ignore format: short
    });
  });

  it('is each group with its devices', async () => {
    const joint = { joint: { points: { t: 'boiler/temperature' }, level: 'major', if: 'avg(values.t) > 80', over: 'group' } };
    expect(await planned({ id: 'own', when: joint })).toMatchObject({ subjects: ['paris/hall-2', 'paris'], members: [['b1'], ['b2']] });
    expect(await planned({ id: 'named', scope: { group: 'paris' }, when: joint })).toMatchObject({
      subjects: ['paris'],
      members: [['b1', 'b2']],
      entries: [[1, 0, 0, 0], [4, 0, 0, 1]], // biome-ignore format: short
    });
  });
});
