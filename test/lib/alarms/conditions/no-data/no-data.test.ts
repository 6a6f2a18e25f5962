import { expect, test } from 'vitest';
import { evaluationOf, problemsOf, ruleOf, told } from '../../evaluations.ts';

const MINUTE = 60_000;
const rule = ruleOf({ noData: { after: '5m', level: 'hi' } });

test('a silence is found when it is over, not when somebody looks', () => {
  const evaluation = evaluationOf(rule);
  evaluation.sample(0, 0, 1);
  expect(evaluation.dueAt).toBe(5 * MINUTE);
  expect(evaluation.advance(5 * MINUTE - 1)).toBeNull();
  expect(evaluation.advance(20 * MINUTE)).toEqual([{ time: 5 * MINUTE, from: 0, to: 1, value: null, explanation: 'no data for 5m (hi)' }]);
});

test('any sample ends it: a text, and one of bad quality', () => {
  expect(
    told(
      rule,
      [
        [0, 1],
        [6 * MINUTE, 'x'],
        [12 * MINUTE, null],
      ],
      12 * MINUTE,
    ),
  ).toEqual(['300000: hi', '360000: normal', '660000: hi', '720000: normal']);
});

test('nobody is silent before the first sample, or before it is said from when on to count', () => {
  const evaluation = evaluationOf(rule);
  expect(evaluation.advance(100 * MINUTE)).toBeNull();
  expect(evaluation.advance(101 * MINUTE, 100 * MINUTE)).toBeNull();
  expect(evaluation.dueAt).toBe(105 * MINUTE);
  expect(evaluation.advance(105 * MINUTE)).toMatchObject([{ time: 105 * MINUTE, to: 1 }]);
});

test('samples that were passed over are heard of when the time has come', () => {
  const evaluation = evaluationOf(rule);
  evaluation.sample(0, 0, 1);
  expect([evaluation.quietLow, evaluation.quietHigh]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  expect(evaluation.advance(5 * MINUTE, 4 * MINUTE)).toBeNull();
  expect(evaluation.dueAt).toBe(9 * MINUTE);
});

test('the longer the silence, the worse the level', () => {
  const two = ruleOf({
    noData: {
      levels: [
        { level: 'hihi', after: '1h' },
        { level: 'hi', after: '5m' },
      ],
    },
  });
  expect(
    told(
      two,
      [
        [0, 1],
        [90 * MINUTE, 1],
      ],
      94 * MINUTE,
    ),
  ).toEqual(['300000: hi', '3600000: hihi', '5400000: normal']);
});

test('of a device every point is a sign of life', () => {
  const device = ruleOf({ noData: { of: 'device', after: '5m', level: 'hi' } }, { scope: {} });
  expect(device.condition).toMatchObject({ subject: 'device', points: ['*'] });
});

test('a restart during a silence goes on with it', () => {
  const before = evaluationOf(rule);
  before.sample(0, 0, 1);
  before.advance(6 * MINUTE);
  const after = evaluationOf(rule);
  after.warm(0, 0, 1);
  after.restore(JSON.parse(JSON.stringify(before.save())));
  expect(after.level).toBe(1);
  expect(after.advance(7 * MINUTE, 0)).toBeNull();
  expect(after.sample(0, 8 * MINUTE, 1)).toMatchObject([{ to: 0 }]);
});

test('a worse level after a shorter silence is refused, and so is a mixture of the two forms', () => {
  const refusals = (noData: object): readonly string[] => problemsOf({ id: 'r', when: { noData: { of: 'device', ...noData } } });
  expect(
    refusals({
      levels: [
        { level: 'minor', after: '1h' },
        { level: 'major', after: '5m' },
      ],
    }),
  ).toEqual(['when.noData.levels.1.level: `major` is not better than `minor` and must come after a longer silence']);
  expect(refusals({ after: '5m' })).toEqual(['when.noData.level: is missing']);
  expect(refusals({ after: 'soon', level: 'minor' })).toEqual(['when.noData.after: is no duration, such as 500ms, 90s, 5m, 1h30m, 2d or 1w']);
});
