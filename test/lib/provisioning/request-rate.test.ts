import { expect, it } from 'vitest';
import { createRequestRate } from '../../../src/lib/provisioning/request-rate.ts';
import { testClock } from '../../helpers/test-clock.ts';

it('lets a burst pass and then as many as the rate, and says how long to wait', () => {
  const clock = testClock();
  const rate = createRequestRate({ perSecond: 0.5, burst: 2, clock });
  expect([rate.take('a'), rate.take('a'), rate.take('a')]).toEqual([null, null, 2000]);
  expect(rate.take('b')).toBeNull();
  clock.advance(1999);
  expect(rate.take('a')).toBe(1);
  clock.advance(1);
  expect([rate.take('a'), rate.take('a')]).toEqual([null, 2000]);
});

it('remembers no more than it may: those who came first are forgotten once their bucket is full', () => {
  const clock = testClock();
  const rate = createRequestRate({ perSecond: 1, burst: 1, clock, rememberedMax: 2 });
  expect([rate.take('a'), rate.take('b'), rate.take('c')]).toEqual([null, null, 1000]);
  clock.advance(1000);
  expect(rate.take('c')).toBeNull();
});
