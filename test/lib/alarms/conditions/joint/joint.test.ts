import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Condition, type ConditionRun, KEEP } from '../../../../../src/lib/alarms/conditions/condition.ts';
import { jointDefinition } from '../../../../../src/lib/alarms/conditions/joint/definition.ts';
import { SEVERITIES } from '../../../../../src/lib/domain/severity.ts';
import type { JsonValue } from '../../../../../src/lib/domain/value.ts';
import { MusterError } from '../../../../../src/lib/errors/muster-error.ts';

function compile(document: JsonValue): Condition {
  const spec = jointDefinition.schema.parse(document);
  return jointDefinition.compile(spec, { severityOf: (level) => SEVERITIES.find((severity) => severity === level) });
}

function refusals(document: JsonValue): readonly string[] {
  try {
    compile(document);
  } catch (error: unknown) {
    if (!(error instanceof MusterError)) throw error;
    const { problems = [] } = (error.details ?? {}) as { problems?: { path: string; message: string }[] };
    return problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const TWO = { t: 'boiler/temperature', p: 'boiler/pressure' };

describe('over the points of a device', () => {
  test('finds nothing before every point that is named has a value', () => {
    const run = compile({ points: TWO, if: 't > 80 && p < 2', level: 'major' }).start();
    expect(run.sample(0, 1, 90, 0)).toBe(KEEP);
    expect(run.explain()).toBe('not t > 80 && p < 2 (t = 90, no p)');
    expect(run.sample(1, 2, 1.5, 0)).toBe(1);
    expect(run.explain()).toBe('t > 80 && p < 2 (t = 90, p = 1.5)');
    expect(run.sample(1, 3, 2, 0)).toBe(0);
    expect(run.sample(1, 4, null, 0)).toBe(KEEP);
  });

  test('a point that has() asks for may be missing', () => {
    const run = compile({ points: TWO, if: 't > 80 && !has(p)', level: 'major' }).start();
    expect(run.sample(0, 1, 90, 0)).toBe(1);
    expect(run.sample(1, 2, 1, 0)).toBe(0);
  });

  test('the worst level that holds is found, in whatever order they are written', () => {
    const levels = [
      { level: 'critical', if: 't > 95' },
      { level: 'warning', if: 't > 80' },
    ];
    const condition = compile({ points: { t: 'x' }, levels });
    expect(condition.levels.map(({ name }) => name)).toEqual(['warning', 'critical']);
    const run = condition.start();
    expect([70, 85, 96, 81].map((value, index) => run.sample(0, index, value, 0))).toEqual([0, 1, 2, 1]);
  });

  test('last and times hold the newest values, and one of the same time takes the place of the one before', () => {
    const run = compile({ points: { t: 'x' }, last: 3, if: 'last.t == [2, 3, 5] && times.t == [20, 30, 40] && time == 40', level: 'major' }).start();
    const samples = [
      [10, 1],
      [20, 2],
      [30, 3],
      [40, 4],
      [40, 5],
    ] as const;
    expect(samples.map(([time, value]) => run.sample(0, time, value, 0))).toEqual([0, 0, 0, 0, 1]);
  });

  test('a value older than maxAge is missing, and time alone finds that', () => {
    const run = compile({ points: TWO, maxAge: '1m', if: 'has(p) ? t > 80 : t > 60', level: 'major' }).start();
    expect(run.sample(0, 0, 70, 0)).toBe(1);
    expect(run.sample(1, 30_000, 1, 0)).toBe(0);
    expect(run.sample(0, 60_000, 70, 0)).toBe(0);
    expect(run.dueAt).toBe(90_001);
    expect(run.elapsed(90_000, Number.NEGATIVE_INFINITY)).toBe(KEEP);
    expect(run.elapsed(90_001, Number.NEGATIVE_INFINITY)).toBe(1);
    expect(run.dueAt).toBe(120_001);
    expect(run.elapsed(120_001, Number.NEGATIVE_INFINITY)).toBe(KEEP);
    expect(run.dueAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('an expression that has no value is counted and told, and what was found before stands', () => {
    const condition = compile({ points: TWO, if: 't / p > 10', level: 'major' });
    const told: [string, number, number][] = [];
    if (condition.failures !== undefined) condition.failures.listener = (...one) => told.push(one);
    const run = condition.start();
    run.sample(0, 0, 90, 0);
    expect(run.sample(1, 1, 1, 0)).toBe(1);
    expect(run.sample(1, 2, 0, 0)).toBe(KEEP);
    expect(run.sample(1, 3, 'x', 0)).toBe(KEEP);
    expect(condition.failures?.count).toBe(2);
    expect(condition.failures?.last).toEqual({ reason: '`t / p > 10` has no value: / needs a number, and this is a string', time: 3 });
    expect(told).toEqual([['`t / p > 10` has no value: division by zero', 2, 1]]);
    run.sample(1, 3_600_002, 0, 0);
    expect(told.map(([, time]) => time)).toEqual([2, 3_600_002]);
  });

  test('an expression that is neither true nor false is a failure', () => {
    const condition = compile({ points: { t: 'x' }, if: 't', level: 'major' });
    expect(condition.start().sample(0, 1, 5, 0)).toBe(KEEP);
    expect(condition.failures?.last?.reason).toBe('`t` is 5, neither true nor false');
  });
});

describe('over the devices of a group', () => {
  const half = { points: { t: 'temperature' }, over: 'group', every: '1s', if: 'values.t.count(v, v > 80) * 2 > count', level: 'major' };

  test('more than half of the devices', () => {
    const run = compile(half).start();
    const members = ['a', 'b', 'c'].map((device) => run.join?.(device) ?? -1);
    expect(members).toEqual([0, 1, 2]);
    expect(run.sample(0, 0, 90, 0)).toBe(0);
    expect(run.sample(0, 10, 90, 1)).toBe(KEEP);
    expect(run.dueAt).toBe(1000);
    expect(run.elapsed(1000, Number.NEGATIVE_INFINITY)).toBe(1);
    expect(run.explain()).toBe('values.t.count(v, v > 80) * 2 > count (3 devices; t: 2 values, 90 to 90, mean 90)');
    expect(run.dueAt).toBe(Number.POSITIVE_INFINITY);
    expect(run.sample(0, 5000, 20, 1)).toBe(0);
  });

  test('a device that leaves does not count any more, and its number is used again', () => {
    const run = compile(half).start();
    for (const device of ['a', 'b', 'c', 'd']) run.join?.(device);
    run.sample(0, 0, 90, 0);
    run.sample(0, 1, 90, 1);
    expect(run.elapsed(1000, 0)).toBe(0);
    run.leave?.(3);
    expect(run.dueAt).toBe(2000);
    expect(run.elapsed(2000, 0)).toBe(1);
    expect(run.join?.('e')).toBe(3);
    expect(run.elapsed(3000, 0)).toBe(0);
    run.leave?.(0);
    expect(run.sample(0, 3500, 99, 0)).toBe(KEEP);
    expect(run.elapsed(4000, 0)).toBe(0);
    run.leave?.(0);
    expect(run.join?.('f')).toBe(0);
  });

  test('devices have their values by name, and their last ones', () => {
    const run = compile({
      points: TWO,
      over: 'group',
      last: 2,
      every: '0s',
      if: 'devices.any(d, has(d.t) && d.t > 80 && d.p < 2 && avg(d.last.t) > 75 && d.id == "b")',
      level: 'major',
    }).start();
    run.join?.('a');
    run.join?.('b');
    run.sample(0, 1, 90, 0);
    run.sample(1, 2, 1, 0);
    expect(run.sample(0, 3, 70, 1)).toBe(0);
    expect(run.sample(0, 4, 90, 1)).toBe(KEEP);
    expect(run.sample(1, 5, 1, 1)).toBe(1);
    expect(run.sample(0, 6, 85, 1)).toBe(1);
    expect(run.sample(0, 7, 60, 1)).toBe(0);
  });

  test('values older than maxAge do not count', () => {
    const run = compile({ points: { t: 'x' }, over: 'group', maxAge: '10s', if: 'avg(values.t) > 50', level: 'major' }).start();
    run.join?.('a');
    run.join?.('b');
    expect(run.sample(0, 0, 80, 0)).toBe(1);
    expect(run.sample(0, 5000, 30, 1)).toBe(1);
    expect(run.dueAt).toBe(10_001);
    expect(run.elapsed(10_001, 0)).toBe(0);
    expect(run.explain()).toContain('t: 1 values, 30 to 30');
  });

  test('with nothing but silence there is nothing to find, and no failure', () => {
    const condition = compile({ points: { t: 'x' }, over: 'group', maxAge: '10s', if: 'avg(values.t) > 50', level: 'major' });
    const run = condition.start();
    run.join?.('a');
    expect(run.sample(0, 0, 80, 0)).toBe(1);
    expect(run.elapsed(10_001, 0)).toBe(KEEP);
    expect(condition.failures?.count).toBe(0);
  });

  test('samples of ten thousand devices cost no more than a computation a second', () => {
    const run = compile({ points: { t: 'x' }, over: 'group', if: 'values.t.count(v, v > 80) * 2 > count', level: 'major' }).start();
    for (let index = 0; index < 10_000; index += 1) run.join?.(`d${index}`);
    const before = performance.now();
    let computed = 0;
    for (let index = 0; index < 200_000; index += 1) {
      const time = 1_000_000 + index / 10;
      if (run.dueAt <= time) run.elapsed(run.dueAt, 0);
      if (run.sample(0, time, index % 100, index % 10_000) !== KEEP) computed += 1;
    }
    expect(computed).toBeLessThanOrEqual(21);
    // A computation for each sample would take some hundred seconds.
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe('what is refused', () => {
  test.each<[JsonValue, string]>([
    [{ points: { t: 'x', u: 'x' }, if: 't > u', level: 'major' }, 'points.u: is the same point as t'],
    [{ points: { time: 'x' }, if: 'true', level: 'major' }, 'points.time: time means something else'],
    [{ points: { 'a b': 'x' }, if: 'true', level: 'major' }, 'points.a b: is no name for expressions'],
    [{ points: { for: 'x' }, if: 'true', level: 'major' }, 'points.for: is no name for expressions'],
    [{ points: { in: 'x' }, if: 'true', level: 'major' }, 'points.in: is no name for expressions'],
    [{ points: { t: 'x' }, if: 't > 1 &&', level: 'major' }, 'if: unexpected token: the end (column 9)'],
    [{ points: { t: 'x' }, levels: [{ level: 'major', if: 'u > 1' }] }, 'levels.0.if: nothing is called u here; there is last, t, time, times (column 1)'],
    [{ points: { t: 'x' }, over: 'group', if: 't > 1', level: 'major' }, 'if: nothing is called t here; there is count, devices, time, values (column 1)'],
    [{ points: { t: 'x' }, over: 'group', last: 500, if: 'true', level: 'major' }, 'last: is at most 100 for a group'],
    [{ points: { t: 'x' }, if: 'true', level: 'bad' }, 'level: `bad` has no severity'],
  ])('%j', (document, expected) => {
    expect(refusals(document)[0]).toContain(expected);
  });

  test('what is missing or unknown', () => {
    for (const wrong of [
      {},
      { points: {} },
      { points: { t: 'x' } },
      { points: { t: 'x' }, if: 't', levels: [] },
      { points: { t: '+' }, if: 't', level: 'major' },
    ]) {
      expect(jointDefinition.schema.safeParse(wrong).success).toBe(false);
    }
    expect(refusals({ points: { t: 'x' }, if: 'true', level: 'major' })).toEqual([]);
    expect(() => compile({ points: TWO, ...(jointDefinition.example as object) })).not.toThrow();
  });
});

interface Sample {
  readonly slot: number;
  readonly time: number;
  readonly value: number;
  readonly member: number;
}

/** Asks the clock before each sample, as an evaluation does. The finding after each. */
function replay(run: ConditionRun, samples: readonly Sample[]): number[] {
  let finding = 0;
  return samples.map(({ slot, time, value, member }) => {
    while (run.dueAt <= time) {
      const due = run.dueAt;
      const found = run.elapsed(due, Number.NEGATIVE_INFINITY);
      if (found >= 0) finding = found;
      expect(run.dueAt).toBeGreaterThan(due);
    }
    const found = run.sample(slot, time, value, member);
    if (found >= 0) finding = found;
    return finding;
  });
}

const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;

const samplesOf = (members: number): fc.Arbitrary<readonly Sample[]> =>
  fc
    .array(fc.record({ slot: fc.nat(1), step: fc.integer({ min: 1, max: 40 }), value: fc.nat(100), member: fc.nat(members - 1) }), { maxLength: 60 })
    .map((steps) => {
      let time = 0;
      return steps.map(({ slot, step, value, member }) => {
        time += step;
        return { slot, time, value, member };
      });
    });

describe('against a slow model', () => {
  test('a device: all values from the beginning are looked at with each sample', () => {
    fc.assert(
      fc.property(samplesOf(1), fc.integer({ min: 1, max: 5 }), (samples, last) => {
        const condition = compile({
          points: { t: 'a', p: 'b' },
          last,
          levels: [
            { level: 'warning', if: 't > p' },
            { level: 'major', if: 't > p && avg(last.t) > 60' },
          ],
        });
        let finding = 0;
        const expected = samples.map((_, index) => {
          const of = (slot: number): number[] =>
            samples
              .slice(0, index + 1)
              .filter((one) => one.slot === slot)
              .map(({ value }) => value)
              .slice(-last);
          const [t, p] = [of(0), of(1)];
          if (t.length > 0 && p.length > 0) finding = !((t.at(-1) ?? 0) > (p.at(-1) ?? 0)) ? 0 : mean(t) > 60 ? 2 : 1;
          return finding;
        });
        expect(replay(condition.start(), samples)).toEqual(expected);
        expect(condition.failures?.count).toBe(0);
      }),
    );
  });

  const holds = (samples: readonly Sample[], time: number, maxAge: number): number => {
    const newest = (slot: number): number[] =>
      [0, 1, 2, 3].flatMap((member) => {
        const own = samples.filter((one) => one.slot === slot && one.member === member).at(-1);
        return own === undefined || own.time < time - maxAge ? [] : [own.value];
      });
    const [t, p] = [newest(0), newest(1)];
    if (t.length === 0 && p.length === 0) return 0;
    // One side that is false decides; the mean of nothing is unknown.
    if (!t.some((value) => value > 70)) return 0;
    return p.length === 0 ? KEEP : mean(p) < 50 ? 1 : 0;
  };
  const group = { points: { t: 'a', p: 'b' }, over: 'group', if: 'values.t.any(v, v > 70) && avg(values.p) < 50', level: 'major' };
  const started = (document: JsonValue): ConditionRun => {
    const run = compile(document).start();
    for (let member = 0; member < 4; member += 1) expect(run.join?.(`d${member}`)).toBe(member);
    return run;
  };

  test('a group: at each millisecond the newest values that are not too old', () => {
    fc.assert(
      fc.property(samplesOf(4), fc.integer({ min: 20, max: 200 }), (samples, maxAge) => {
        let finding = 0;
        const expected = samples.map(({ time }, index) => {
          const before = samples[index - 1]?.time ?? time;
          for (let moment = before + 1; moment < time; moment += 1) {
            const found = holds(samples.slice(0, index), moment, maxAge);
            if (found !== KEEP) finding = found;
          }
          // At the moment of the sample, what has become too old is gone before it is there.
          for (const count of [index, index + 1]) {
            const found = count === 0 ? KEEP : holds(samples.slice(0, count), time, maxAge);
            if (found !== KEEP) finding = found;
          }
          return finding;
        });
        expect(replay(started({ ...group, every: '0s', maxAge: `${maxAge}ms` }), samples)).toEqual(expected);
      }),
    );
  });

  test('a group that is computed seldom: when the time has passed, it stands where one stands that is computed always', () => {
    fc.assert(
      fc.property(samplesOf(4), fc.integer({ min: 1, max: 300 }), (samples, every) => {
        fc.pre(samples.length > 0);
        const run = started({ ...group, every: `${every}ms` });
        let finding = replay(run, samples).at(-1) ?? 0;
        const end = (samples.at(-1)?.time ?? 0) + every;
        while (run.dueAt <= end) {
          const found = run.elapsed(run.dueAt, Number.NEGATIVE_INFINITY);
          if (found >= 0) finding = found;
        }
        const found = holds(samples, end, Number.POSITIVE_INFINITY);
        if (found !== KEEP) expect(finding).toBe(found);
      }),
    );
  });
});
