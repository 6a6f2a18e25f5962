import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ruleOf, type TimedValue, told } from '../evaluations.ts';

// A machine that breaks down in the afternoon of 16 December 2013. What is expected was computed from the same file by a Python script that, for each sample,
// works everything out anew from all samples before it (statistics.median, sums of squares in the order of the textbook).
const samples = readFileSync('test/fixtures/recordings/machine-failure.csv', 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line): TimedValue => {
    const [time = '', value = ''] = line.split(',');
    return [Date.parse(`${time.replace(' ', 'T')}Z`), Number(value)];
  });

const toldAt = (...rule: Parameters<typeof ruleOf>): readonly string[] =>
  told(ruleOf(...rule), samples).map((text) => {
    const [time = '', level] = text.split(': ');
    return `${new Date(Number(time)).toISOString().slice(5, 16).replace('T', ' ')} ${level}`;
  });

test('bands find when it is too cold', () => {
  expect(toldAt({ bands: [{ level: 'lo', low: 40, deadband: 10 }] })).toEqual(['12-16 15:40 lo', '12-16 18:35 normal']);
});

test('an on-delay of a quarter of an hour raises a quarter of an hour later', () => {
  expect(toldAt({ bands: [{ level: 'lo', low: 40, deadband: 10 }] }, { onDelay: '15m' })[0]).toBe('12-16 15:55 lo');
});

test('a rate finds the fall', () => {
  expect(toldAt({ rate: { over: '30m', per: '1h', levels: [{ level: 'lo', low: -20, deadband: 5 }] } })).toEqual(['12-16 15:50 lo', '12-16 17:30 normal']);
});

test('a trend sees it coming, and sees it go', () => {
  expect(toldAt({ trend: { window: '6h', limit: 40, direction: 'below', within: '1h', level: 'lo' } })).toEqual(['12-16 16:05 lo', '12-16 19:05 normal']);
});

test('an anomaly is far from what the machine did before', () => {
  expect(toldAt({ anomaly: { window: '12h', direction: 'below', deviations: 8, differenceMin: 5, level: 'lo' } })).toEqual([
    '12-15 20:45 lo',
    '12-16 01:10 normal',
    '12-16 16:10 lo',
    '12-16 17:35 normal',
  ]);
});
