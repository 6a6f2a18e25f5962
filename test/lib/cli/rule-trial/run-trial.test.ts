import { describe, expect, test } from 'vitest';
import { createTrial } from '../../../../src/lib/cli/rule-trial/run-trial.ts';
import type { TrialStep } from '../../../../src/lib/cli/rule-trial/trial-step.ts';
import { typedSamples } from '../../../../src/lib/cli/rule-trial/typed-values.ts';
import type { JsonValue } from '../../../../src/lib/domain/value.ts';
import { compiledRule } from '../../../helpers/rules.ts';

const START = Date.UTC(2026, 5, 1, 10);

async function trial(more: { readonly [key: string]: JsonValue }, values: readonly string[], thenMs = 0) {
  const when = {
    bands: [
      { level: 'minor', high: 80, deadband: 2 },
      { level: 'critical', high: 90, deadband: 2 },
    ],
  };
  const rule = compiledRule({ id: 'hot', scope: { points: 'temperature' }, when, ...more });
  const points = rule.condition.subject === 'point' ? rule.scope.points : rule.condition.points;
  const samples = typedSamples({ values, everyMs: 60_000, start: START, device: 'b1', points, readTime: () => null });
  const { steps, totals } = createTrial({ rule, samples, thenMs, device: () => null, unit: () => '°C' });
  const all: TrialStep[] = [];
  for await (const step of steps) all.push(step);
  return { all, totals };
}

/** After so many seconds, by what, what it found, at which level it is, what changed, and who was told. */
const told = ({ time, cause, value, level, transitions, notification }: TrialStep) => [
  (time - START) / 1000,
  cause,
  value,
  level,
  transitions.join(' '),
  notification,
];

describe('a trial of a rule', () => {
  test('shows each value and each delay that is over, with the level, the change and who is told', async () => {
    const { all, totals } = await trial({ onDelay: '30s' }, ['70', '85', '91', '60']);
    expect(all.map(told)).toEqual([
      [0, 'sample', 70, null, '', null],
      [60, 'sample', 85, null, '', null],
      [90, 'clock', null, 'minor', 'alarm.raised', 'raised'],
      [120, 'sample', 91, 'minor', '', null],
      [150, 'clock', null, 'critical', 'alarm.changed', 'worse'],
      [180, 'sample', 60, null, 'alarm.cleared', 'cleared'],
    ]);
    expect(all[1]?.pending).toEqual({ level: 'minor', since: START + 60_000, dueAt: START + 90_000 });
    expect(all.map(({ state }) => state)).toEqual(['normal', 'normal', 'unacknowledged', 'unacknowledged', 'unacknowledged', 'returned-unacknowledged']);
    expect(totals).toMatchObject({ samples: 4, raised: 1, cleared: 1, notifications: 3, activeMs: 90_000 });
  });

  test('lets time pass after the last value', async () => {
    const { all, totals } = await trial({ onDelay: '5m', reAlarm: '10m' }, ['85'], 20 * 60_000);
    expect(all.map(told)).toEqual([
      [0, 'sample', 85, null, '', null],
      [300, 'clock', null, 'minor', 'alarm.raised', 'raised'],
      [900, 'clock', null, 'minor', 'alarm.repeated', 'repeated'],
    ]);
    expect(totals.activeMs).toBe(15 * 60_000);
  });

  test('hides what is outside of the calendar, and tells it when the calendar begins', async () => {
    const { all } = await trial({ calendar: { timezone: 'UTC', active: 'mon-sun 12:00-18:00' } }, ['85'], 3 * 3_600_000);
    expect(all.map(({ state, notification, time }) => [state, notification, (time - START) / 3_600_000])).toEqual([
      ['suppressed', null, 0],
      ['unacknowledged', 'raised', 2],
    ]);
  });

  test('sees a silence', async () => {
    const { all } = await trial({ when: { noData: { after: '5m', level: 'major' } } }, ['1', '+10m=2'], 0);
    expect(all.map(told)).toEqual([
      [0, 'sample', 1, null, '', null],
      [300, 'clock', null, 'major', 'alarm.raised', 'raised'],
      [600, 'sample', 2, null, 'alarm.cleared', 'cleared'],
    ]);
  });

  test('says of a value that is older than the one before that it was not looked at', async () => {
    const { all } = await trial({}, ['+5m=70', '+1m=95']);
    expect(all.at(-1)).toMatchObject({ level: null, ignored: 'it is older than the one before' });
  });

  test('renders the message, and counts values of points that the rule does not look at', async () => {
    const rule = compiledRule({
      ...{ id: 'hot', scope: { points: 'temperature' }, when: { bands: [{ level: 'minor', high: 80 }] } },
      message: '$' + '{device.name}: $' + '{value} $' + '{point.unit}',
    });
    const samples = [
      { time: START, device: 'b1', point: 'pressure', value: 3 },
      { time: START, device: 'b1', point: 'temperature', value: 85 },
    ];
    const device = () => ({ id: 'b1', name: 'Boiler', type: null, labels: {} });
    const { steps, totals } = createTrial({ rule, samples, thenMs: 0, device, unit: () => '°C' });
    expect((await steps.next()).value).toMatchObject({ message: 'Boiler: 85 °C' });
    await steps.next();
    expect(totals).toMatchObject({ samples: 1, unwatched: 1 });
  });
});

describe('values that are typed', () => {
  const typed = (values: readonly string[], points = ['t', 'p/q']) =>
    typedSamples({ values, everyMs: 1_000, start: START, device: 'd', points, readTime: (text) => (text === 'noon' ? START + 7_200_000 : null) }).map(
      ({ time, point, value }) => [(time - START) / 1000, point, value],
    );

  test('are an interval apart, unless they say their time', () => {
    expect(typed(['1', '2', '+1m=3', '4', 'noon=5'])).toEqual([
      [0, 't', 1],
      [1, 't', 2],
      [60, 't', 3],
      [61, 't', 4],
      [7200, 't', 5],
    ]);
  });

  test('are numbers, booleans, texts or JSON, and of several points at once', () => {
    expect(typed(['true', 'open', '{"a":1}', 'null', 't=1,p/q=2', '+1m=p/q=7'])).toEqual([
      [0, 't', true],
      [1, 't', 'open'],
      [2, 't', { a: 1 }],
      [3, 't', null],
      [4, 't', 1],
      [4, 'p/q', 2],
      [60, 'p/q', 7],
    ]);
  });

  test('that are none are refused', () => {
    expect(() => typed(['nowhen=1'])).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
