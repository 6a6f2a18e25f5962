import { describe, expect, test } from 'vitest';
import { evaluationOf, nameChange, ruleOf, told } from '../evaluations.ts';

const BANDS = {
  bands: [
    { level: 'hi', high: 80, deadband: 2 },
    { level: 'hihi', high: 90, deadband: 2 },
  ],
};

describe('the on-delay', () => {
  const rule = ruleOf(BANDS, { onDelay: '30s' });

  test('raises when the condition has held so long, at that very time, though the next sample comes later', () => {
    expect(
      told(rule, [
        [0, 85],
        [50_000, 85],
      ]),
    ).toEqual(['30000: hi']);
  });

  test('raises without another sample when the clock gets there', () => {
    const evaluation = evaluationOf(rule);
    expect(evaluation.sample(0, 1000, 85)).toBeNull();
    expect(evaluation.dueAt).toBe(31_000);
    expect(evaluation.pending).toEqual({ finding: 1, since: 1000, dueAt: 31_000 });
    expect(evaluation.advance(30_999)).toBeNull();
    expect(evaluation.advance(31_000)).toEqual([{ time: 31_000, from: 0, to: 1, value: 85, explanation: '85 >= 80 (hi), leaves below 78; for 30s' }]);
    expect(evaluation.dueAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('begins anew after a normal sample', () => {
    expect(
      told(
        rule,
        [
          [0, 85],
          [20_000, 70],
          [25_000, 85],
        ],
        60_000,
      ),
    ).toEqual(['55000: hi']);
  });

  test('is over before a sample of the same time is looked at', () => {
    expect(
      told(rule, [
        [0, 85],
        [30_000, 70],
      ]),
    ).toEqual(['30000: hi', '30000: normal']);
  });

  test('of a worse level begins when that level is reached, and that of the better one runs on', () => {
    expect(
      told(
        rule,
        [
          [0, 85],
          [10_000, 95],
        ],
        60_000,
      ),
    ).toEqual(['30000: hi', '40000: hihi']);
  });

  test('of the better level is not disturbed by a short visit to the worse one', () => {
    expect(
      told(
        rule,
        [
          [0, 85],
          [10_000, 95],
          [15_000, 85],
        ],
        60_000,
      ),
    ).toEqual(['30000: hi']);
  });

  test('is one for both when the worse level is reached at once', () => {
    expect(told(rule, [[0, 95]], 60_000)).toEqual(['30000: hihi']);
  });
});

describe('the off-delay', () => {
  const rule = ruleOf(BANDS, { offDelay: '1m' });

  test('keeps the alarm until the condition was over so long', () => {
    expect(
      told(
        rule,
        [
          [0, 85],
          [10_000, 70],
        ],
        100_000,
      ),
    ).toEqual(['0: hi', '70000: normal']);
  });

  test('is cancelled by a sample that is beyond', () => {
    expect(
      told(
        rule,
        [
          [0, 85],
          [10_000, 70],
          [60_000, 85],
          [61_000, 70],
        ],
        200_000,
      ),
    ).toEqual(['0: hi', '121000: normal']);
  });

  test('holds back the way from a worse level to a better one too', () => {
    expect(
      told(
        rule,
        [
          [0, 95],
          [10_000, 85],
        ],
        200_000,
      ),
    ).toEqual(['0: hihi', '70000: hi']);
  });

  test('of the worse level ends first when the condition fell in two steps', () => {
    expect(
      told(
        rule,
        [
          [0, 95],
          [10_000, 85],
          [20_000, 70],
        ],
        200_000,
      ),
    ).toEqual(['0: hihi', '70000: hi', '80000: normal']);
  });
});

describe('repeats', () => {
  const rule = ruleOf(BANDS, { repeat: { times: 3, within: '10m' } });
  const minutes = (samples: readonly (readonly [number, number])[]): [number, number][] => samples.map(([minute, value]) => [minute * 60_000, value]);

  test('raise with the third sample beyond, whatever lies between', () => {
    expect(
      told(
        rule,
        minutes([
          [0, 85],
          [1, 70],
          [4, 85],
          [5, 70],
          [9, 85],
        ]),
      ),
    ).toEqual(['540000: hi']);
  });

  test('count a sample that is exactly as old as the window, and none that is older', () => {
    expect(
      told(
        rule,
        minutes([
          [0, 85],
          [5, 85],
          [10, 85],
        ]),
      ),
    ).toEqual(['600000: hi']);
    expect(
      told(rule, [
        [0, 85],
        [300_000, 85],
        [600_001, 85],
      ]),
    ).toEqual([]);
  });

  test('count for each level those that are at it or worse', () => {
    expect(
      told(
        rule,
        minutes([
          [0, 95],
          [1, 85],
          [2, 95],
          [3, 95],
        ]),
      ),
    ).toEqual(['120000: hi', '180000: hihi']);
  });

  test('count samples of the same time once', () => {
    expect(
      told(
        rule,
        minutes([
          [0, 85],
          [0, 85],
          [0, 85],
          [1, 85],
        ]),
      ),
    ).toEqual([]);
  });

  test('count how often a silence began', () => {
    const silent = ruleOf({ noData: { after: '1m', level: 'hi' } }, { repeat: { times: 2, within: '1h' } });
    expect(
      told(
        silent,
        minutes([
          [0, 1],
          [5, 1],
          [10, 1],
        ]),
      ),
    ).toEqual(['360000: hi', '600000: normal']);
  });

  test('of once are none', () => {
    expect(ruleOf(BANDS, { repeat: { times: 1, within: '10m' } }).repeat).toBeNull();
  });
});

describe('time', () => {
  test('samples that are older than the newest are not seen, those of the same time are', () => {
    const evaluation = evaluationOf(ruleOf(BANDS));
    evaluation.sample(0, 1000, 70);
    expect(evaluation.sample(0, 999, 95)).toBeNull();
    expect(evaluation.sample(0, 1000, 95)).toMatchObject([{ time: 1000, to: 2 }]);
  });

  test('of several points of a device each has a newest sample of its own', () => {
    const rule = ruleOf({ joint: { points: { t: 'a', p: 'b' }, if: 't > 10 && p > 10', level: 'hi' } }, { scope: {} });
    const evaluation = evaluationOf(rule);
    expect(evaluation.sample(0, 1000, 11)).toBeNull();
    expect(evaluation.sample(1, 900, 11)).toMatchObject([{ time: 1000, to: 1 }]);
    expect(evaluation.sample(1, 800, 0)).toBeNull();
    expect(evaluation.level).toBe(1);
  });
});

describe('a start', () => {
  test('a new rule tells of a condition that stands already', () => {
    const rule = ruleOf(BANDS, { onDelay: '30s' });
    const evaluation = evaluationOf(rule);
    evaluation.warm(0, 1000, 95);
    expect(evaluation.level).toBe(0);
    expect(evaluation.advance(100_000)?.map((change) => nameChange(rule, change))).toEqual(['31000: hihi']);
  });

  test('what was told before the restart is not told again', () => {
    const before = evaluationOf(ruleOf(BANDS));
    before.sample(0, 1000, 95);
    const after = evaluationOf(ruleOf(BANDS));
    after.warm(0, 1000, 95);
    after.restore(JSON.parse(JSON.stringify(before.save())));
    expect(after.level).toBe(2);
    expect(after.advance(5000, 1000)).toBeNull();
    expect(after.sample(0, 6000, 89)).toBeNull();
    expect(after.sample(0, 7000, 87)).toMatchObject([{ from: 2, to: 1, explanation: '87 >= 80 (hi), leaves below 78' }]);
  });

  test('what is normal was not worth saving, though the history alone would look otherwise', () => {
    const evaluation = evaluationOf(ruleOf(BANDS));
    evaluation.warm(0, 1000, 95);
    evaluation.restore(null);
    expect(evaluation.advance(5000, 1000)).toBeNull();
    expect(evaluation.level).toBe(0);
  });

  test('a changed rule tells only what differs', () => {
    const before = evaluationOf(ruleOf(BANDS));
    before.sample(0, 1000, 85);
    const rule = ruleOf({
      bands: [
        { level: 'hi', high: 70 },
        { level: 'hihi', high: 84 },
      ],
    });
    const after = evaluationOf(rule);
    after.warm(0, 1000, 85);
    after.restore(before.save());
    after.warm(0, 1000, 85);
    expect(after.advance(2000, 1000)?.map((change) => nameChange(rule, change))).toEqual(['1000: hihi']);
  });

  test('a level that the changed rule does not have any more is left with the next sample', () => {
    const before = evaluationOf(ruleOf(BANDS));
    before.sample(0, 1000, 95);
    const rule = ruleOf({ bands: [{ level: 'lo', low: 5 }] });
    const after = evaluationOf(rule);
    after.restore(before.save());
    expect(after.level).toBe(1);
    expect(after.sample(0, 2000, 95)?.map((change) => nameChange(rule, change))).toEqual(['2000: normal']);
  });

  test('what was saved by somebody else is no reason to fail', () => {
    for (const saved of [null, 1, 'x', [], {}, { level: 'constructor', since: [[1, 2], ['hi']], beyond: { a: 1 }, at: 'x', run: 7 }]) {
      const evaluation = evaluationOf(ruleOf(BANDS, { repeat: { times: 2, within: '1m' } }));
      evaluation.restore(saved);
      expect(evaluation.sample(0, 1, 50)).toEqual(
        evaluation.level === 0 && saved !== null && typeof saved === 'object' && 'level' in saved ? expect.anything() : null,
      );
    }
  });
});

test('values that do not fit change nothing and are counted', () => {
  const evaluation = evaluationOf(ruleOf(BANDS));
  evaluation.sample(0, 1, 95);
  for (const [index, value] of [null, 'hot', true, [], { a: 1 }].entries()) expect(evaluation.sample(0, 2 + index, value)).toBeNull();
  expect(evaluation.ignored).toBe(5);
  expect(evaluation.level).toBe(2);
});

test('it says why it waits', () => {
  const evaluation = evaluationOf(ruleOf(BANDS, { onDelay: '30s' }));
  evaluation.sample(0, 0, 95);
  expect(evaluation.explain()).toBe('95 >= 90 (hihi), leaves below 88; since 1970-01-01T00:00:00.000Z, counts from 1970-01-01T00:00:30.000Z');
});
