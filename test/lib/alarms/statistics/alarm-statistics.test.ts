import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alarmStatistics, type ConditionChange } from '../../../../src/lib/alarms/statistics/alarm-statistics.ts';
import { busiestWindow } from '../../../../src/lib/alarms/statistics/busiest-window.ts';
import { floodsIn } from '../../../../src/lib/alarms/statistics/floods.ts';
import type { Severity } from '../../../../src/lib/domain/severity.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const raise = (time: number, key = 'a', told: Severity | null = 'minor'): ConditionChange => ({ time, key, raised: true, told });
const clear = (time: number, key = 'a'): ConditionChange => ({ time, key, raised: false, told: null });
const day = { from: 0, to: 24 * HOUR, operators: 1 };

describe('statistics of alarms', () => {
  test('say how many there are for each operator and hour', () => {
    const changes = Array.from({ length: 48 }, (_, index) => raise(index * 30 * MINUTE, `k${index}`));
    expect(alarmStatistics(changes, day)).toMatchObject({ told: 48, silenced: 0, perOperatorHour: 2, floodShare: 0, chattering: [] });
    expect(alarmStatistics(changes, { ...day, operators: 4 }).perOperatorHour).toBe(0.5);
    expect(alarmStatistics(changes, day).averagePer10Min).toBeCloseTo(1 / 3);
  });

  test('count apart what nobody was told of', () => {
    expect(alarmStatistics([raise(0), raise(1000, 'b', null), clear(2000, 'b')], day)).toMatchObject({
      told: 1,
      silenced: 1,
      talkers: [{ key: 'a', count: 1 }],
    });
  });

  test('name the ten most frequent, with their share', () => {
    const changes = Array.from({ length: 40 }, (_, index) => raise(index * HOUR * 0.5, index % 4 === 0 ? 'noisy' : `k${index}`));
    const { talkers, topTenShare } = alarmStatistics(changes, day);
    expect(talkers[0]).toEqual({ key: 'noisy', count: 10, share: 0.25 });
    expect(talkers).toHaveLength(10);
    expect(topTenShare).toBeCloseTo(19 / 40);
  });

  test('call it chattering when it changes more than three times within a minute', () => {
    const four = [raise(0), clear(20_000), raise(40_000), clear(59_999)];
    expect(alarmStatistics(four, day).chattering).toEqual([{ key: 'a', perMinute: 4, raised: 2 }]);
    expect(alarmStatistics([raise(0), clear(20_000), raise(40_000), clear(60_000)], day).chattering).toEqual([]);
  });

  test('set the severities beside what is recommended', () => {
    const { severities } = alarmStatistics([raise(0, 'a', 'critical'), raise(HOUR, 'b', 'warning'), raise(2 * HOUR, 'c', 'warning')], day);
    expect(severities.map(({ severity, count }) => [severity, count])).toEqual([
      ['critical', 1],
      ['major', 0],
      ['minor', 0],
      ['warning', 2],
    ]);
    expect(severities.reduce((sum, { recommended }) => sum + recommended, 0)).toBeCloseTo(1);
  });

  test('of nothing are nothing', () => {
    expect(alarmStatistics([], day)).toMatchObject({ told: 0, perOperatorHour: 0, peakPer10Min: 0, floodShare: 0, topTenShare: 0, talkers: [], floods: [] });
  });
});

describe('floods', () => {
  test('begin above ten in ten minutes and end below five', () => {
    const eleven = Array.from({ length: 11 }, (_, index) => index * MINUTE * 0.9);
    // Ten minutes after the fifth from the end only four are left.
    expect(floodsIn(eleven, HOUR, 1)).toEqual([{ from: 0, to: (eleven[6] ?? 0) + 10 * MINUTE, count: 11 }]);
    expect(floodsIn(eleven.slice(1), HOUR, 1)).toEqual([]);
    expect(floodsIn(eleven, HOUR, 2)).toEqual([]);
  });

  test('go on while there are at least five in ten minutes, and are cut at the end of the range', () => {
    const burst = Array.from({ length: 20 }, (_, index) => index * 10_000);
    const trickle = Array.from({ length: 30 }, (_, index) => 200_000 + index * 100_000);
    expect(floodsIn([...burst, ...trickle], 3_000_000, 1)).toEqual([{ from: 0, to: 3_000_000, count: 50 }]);
  });

  test('are as a plain count finds them, second by second', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 80 }), (seconds) => {
        const times = [...seconds].sort((one, other) => one - other).map((second) => second * 1000);
        const within = (time: number): number => times.filter((one) => one > time - 600_000 && one <= time).length;
        const floods = floodsIn(times, 10_000_000, 1);
        let isFlood = false;
        for (let second = 0; second <= 5000; second += 1) {
          const count = within(second * 1000);
          if (!isFlood && count > 10) isFlood = true;
          else if (isFlood && count < 5) isFlood = false;
          // A flood is dated back to the first alarm of the window in which it began.
          if (isFlood) expect(floods.some(({ from, to }) => from <= second * 1000 && second * 1000 < to)).toBe(true);
        }
        for (const { from, to } of floods) expect(to).toBeGreaterThan(from);
      }),
      { numRuns: 60 },
    );
  });
});

test('the busiest window is the fullest of all', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 60 }), fc.integer({ min: 1, max: 300 }), (given, length) => {
      const times = [...given].sort((one, other) => one - other);
      const expected = Math.max(0, ...times.map((end) => times.filter((time) => time > end - length && time <= end).length));
      expect(busiestWindow(times, length)).toBe(expected);
    }),
  );
});
