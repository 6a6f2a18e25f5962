import { describe, expect, test } from 'vitest';
import { createEvaluations } from '../../../../../src/lib/alarms/create-evaluation.ts';
import type { DeviceId } from '../../../../../src/lib/domain/ids.ts';
import { evaluationOf, problemsOf, ruleOf, SUBJECT, type TimedValue, told } from '../../evaluations.ts';

const MINUTE = 60_000;
const usual = (index: number): number => 20 + Math.sin(index * 12.9898);
const series = (count: number, value: (index: number) => number = usual): TimedValue[] =>
  Array.from({ length: count }, (_, index): TimedValue => [index * MINUTE, value(index)]);

describe('against its own history', () => {
  const rule = ruleOf({ anomaly: { window: '2h', deviations: 6, level: 'hi' } });

  test('an outlier is found, and the next usual value ends it', () => {
    expect(
      told(
        rule,
        series(200, (index) => (index === 150 ? 40 : usual(index))),
      ),
    ).toEqual([`${150 * MINUTE}: hi`, `${151 * MINUTE}: normal`]);
  });

  test('outliers in the history do not hide others, as they would in a mean', () => {
    expect(
      told(
        rule,
        series(200, (index) => (index % 5 === 0 ? 100 : usual(index))),
      ).length,
    ).toBeGreaterThan(50);
  });

  test('a value that stays where it is becomes the usual one', () => {
    const changes = told(
      rule,
      series(400, (index) => usual(index) + (index >= 150 ? 20 : 0)),
    );
    expect(changes.map((text) => text.split(': ')[1])).toEqual(['hi', 'normal']);
    expect(Number(changes[1]?.split(':')[0]) / MINUTE - 150).toBeGreaterThan(50);
  });

  test('nothing is found while there are too few values', () => {
    expect(
      told(
        rule,
        series(30, (index) => (index === 29 ? 1000 : usual(index))),
      ),
    ).toEqual([]);
    expect(
      told(
        rule,
        series(31, (index) => (index === 30 ? 1000 : usual(index))),
      ),
    ).toHaveLength(1);
  });

  test('where all values are the same, any other is far away, unless the difference is too small', () => {
    const constant = series(60, (index) => (index === 50 ? 20.1 : 20));
    expect(told(rule, constant)).toEqual([`${50 * MINUTE}: hi`, `${51 * MINUTE}: normal`]);
    expect(told(ruleOf({ anomaly: { window: '2h', deviations: 6, level: 'hi', differenceMin: 0.5 } }), constant)).toEqual([]);
  });

  test('only one side counts when it says so', () => {
    const both = series(200, (index) => usual(index) + (index === 100 ? 30 : index === 150 ? -30 : 0));
    expect(told(ruleOf({ anomaly: { window: '2h', deviations: 6, direction: 'below', level: 'hi' } }), both)).toEqual([
      `${150 * MINUTE}: hi`,
      `${151 * MINUTE}: normal`,
    ]);
  });

  test('it says how far and from what', () => {
    const evaluation = evaluationOf(ruleOf({ anomaly: { window: '2h', deviations: 6, minSamples: 5, level: 'hi' } }));
    for (const [index, value] of [1, 2, 3, 4, 5].entries()) evaluation.sample(0, index * MINUTE, value);
    expect(evaluation.sample(0, 5 * MINUTE, 30)?.[0]?.explanation).toBe(
      '18.2112 deviations >= 6 deviations (hi), leaves below 6 deviations; 30 against 3 ± 1.4826, the median of 5 values of its own in 2h',
    );
  });
});

describe('against its siblings', () => {
  const rule = ruleOf({ anomaly: { against: 'siblings', window: '30m', deviations: 5, level: 'hi', differenceMin: 1 } });
  const subject = (device: string, point = 'boiler/temperature'): typeof SUBJECT => ({ ...SUBJECT, device: device as DeviceId, point: point as never });

  test('the device is told that is unlike the others, and no other', () => {
    const make = createEvaluations(rule);
    const devices = Array.from({ length: 8 }, (_, index) => make(subject(`b${index}`)));
    const toldOf = (minute: number, odd: number): readonly number[] =>
      devices.flatMap((evaluation, index) => (evaluation.sample(0, minute * MINUTE, index === odd ? 60 : 80 + index * 0.2) ?? []).map(() => index));
    expect(toldOf(0, -1)).toEqual([]);
    expect(toldOf(1, 5)).toEqual([5]);
    expect(devices[5]?.explain()).toContain('the median of 7 siblings within 30m');
    expect(toldOf(2, -1)).toEqual([5]);
    expect(devices[5]?.level).toBe(0);
  });

  test('values that are too old do not count, and neither does another point', () => {
    const make = createEvaluations(rule);
    for (let index = 0; index < 8; index += 1) make(subject(`b${index}`)).sample(0, 0, 80);
    for (let index = 0; index < 8; index += 1) make(subject(`b${index}`, 'other')).sample(0, 29 * MINUTE, 80);
    expect(make(subject('late')).sample(0, 29 * MINUTE, 0)).toHaveLength(1);
    expect(make(subject('later')).sample(0, 30 * MINUTE, 0)).toBeNull();
  });

  test('what is live, and late data, are two worlds', () => {
    const [live, shadow] = [createEvaluations(rule), createEvaluations(rule)];
    for (let index = 0; index < 8; index += 1) live(subject(`b${index}`)).sample(0, 0, 80);
    expect(shadow(subject('x')).sample(0, 1, 0)).toBeNull();
    expect(live(subject('x')).sample(0, 1, 0)).toHaveLength(1);
  });
});

test('contradictions are refused', () => {
  const refusals = (anomaly: object): readonly string[] => problemsOf({ id: 'r', scope: { points: 'x' }, when: { anomaly: { window: '1d', ...anomaly } } });
  expect(
    refusals({
      levels: [
        { level: 'minor', deviations: 8 },
        { level: 'major', deviations: 6 },
      ],
    }),
  ).toEqual(['when.anomaly.levels.1.deviations: `major` is the worse level: 6 must lie above 8, or `minor` is never seen']);
  expect(refusals({ level: 'minor' })).toEqual(['when.anomaly: needs either `deviations` and `level`, or `levels`']);
  expect(refusals({ level: 'minor', deviations: 0 })).toHaveLength(1);
});
