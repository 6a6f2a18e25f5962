import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGuessingGuard, type GuessingGuardOptions, networkOf } from '../../../src/lib/access/guessing-guard.ts';
import { testClock } from '../../helpers/test-clock.ts';

const WINDOW_MS = 1000;

function guardOf(more: Partial<GuessingGuardOptions> = {}) {
  const clock = testClock();
  const slept: number[] = [];
  const sleep = async (ms: number) => void slept.push(ms);
  const guard = createGuessingGuard({ failuresPerAccount: 3, failuresPerAddress: 6, windowMs: WINDOW_MS, clock, sleep, ...more });
  return { guard, clock, slept };
}

describe('the guessing guard', () => {
  it('locks an account at its limit, for the window, from everywhere', async () => {
    const { guard, clock } = guardOf();
    for (const address of ['10.0.0.1', '10.0.0.2']) await guard.failed('ann', address);
    expect(guard.lockedFor('ann', '10.0.0.9')).toBeNull();
    clock.advance(500);
    await guard.failed('ann', '10.0.0.3');
    expect(guard.lockedFor('ann', '10.0.0.9')).toBe(WINDOW_MS);
    expect(guard.lockedFor('bob', '10.0.0.9')).toBeNull();
    clock.advance(WINDOW_MS - 1);
    expect(guard.lockedFor('ann', null)).toBe(1);
    clock.advance(1);
    expect(guard.lockedFor('ann', null)).toBeNull();
  });

  it('locks an address at its limit, loopback too, however many accounts were tried', async () => {
    const { guard } = guardOf();
    for (let i = 0; i < 6; i++) await guard.failed(`user ${i}`, '127.0.0.1');
    expect(guard.lockedFor('user 99', '127.0.0.1')).toBe(WINDOW_MS);
    expect(guard.lockedFor('user 99', '127.0.0.2')).toBeNull();
  });

  it('does not make a lock longer by what comes during it', async () => {
    const { guard, clock } = guardOf();
    for (let i = 0; i < 3; i++) await guard.failed('ann', null);
    clock.advance(900);
    for (let i = 0; i < 20; i++) await guard.failed('ann', null);
    clock.advance(100);
    expect(guard.lockedFor('ann', null)).toBeNull();
    await guard.failed('ann', null);
    expect(guard.lockedFor('ann', null)).toBeNull();
  });

  it('forgets an account at a log-in, not its address, and never a lock', async () => {
    const { guard } = guardOf();
    for (let i = 0; i < 5; i++) {
      await guard.failed('ann', '10.0.0.1');
      guard.succeeded('ann');
    }
    expect(guard.lockedFor('ann', '10.0.0.2')).toBeNull();
    await guard.failed('ann', '10.0.0.1');
    expect(guard.lockedFor('ann', '10.0.0.1')).toBe(WINDOW_MS);
    for (let i = 0; i < 3; i++) await guard.failed('bob', null);
    guard.succeeded('bob');
    expect(guard.lockedFor('bob', null)).toBe(WINDOW_MS);
  });

  it('answers later and later, up to three seconds', async () => {
    const { guard, slept } = guardOf({ failuresPerAccount: 100, failuresPerAddress: 1000 });
    for (let i = 0; i < 12; i++) await guard.failed('ann', '10.0.0.1');
    expect(slept).toEqual([100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000, 3000]);
  });

  it('holds back a bounded number of answers and gives the others at once', async () => {
    const open: (() => void)[] = [];
    const { guard } = guardOf({ failuresPerAccount: 1000, delayedMax: 5, sleep: () => new Promise<void>((resolve) => open.push(resolve)) });
    const answers = Array.from({ length: 20 }, () => guard.failed('ann', null));
    expect(open).toHaveLength(5);
    for (const resolve of open) resolve();
    await Promise.all(answers);
  });

  it('never lets more than twice the limit fail within any window, and always ends a lock', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('fail' as const), account: fc.constantFrom('ann', 'bob'), address: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(600) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { guard, clock } = guardOf({ failuresPerAddress: 50 });
        const tried = new Map<string, number[]>();
        for (const each of steps) {
          if (each.kind === 'pass') {
            clock.advance(each.ms);
            continue;
          }
          const left = guard.lockedFor(each.account, null);
          if (left !== null) {
            if (left <= 0 || left > WINDOW_MS) return false;
            continue;
          }
          void guard.failed(each.account, each.address);
          const times = tried.get(each.account) ?? [];
          tried.set(each.account, [...times, clock()]);
        }
        for (const times of tried.values()) {
          if (times.some((from) => times.filter((time) => time >= from && time < from + WINDOW_MS).length > 2 * 3 - 1)) return false;
        }
        clock.advance(WINDOW_MS);
        return guard.lockedFor('ann', 'a') === null;
      }),
    );
  });

  it('remembers a bounded number of accounts', async () => {
    const { guard } = guardOf({ rememberedMax: 10 });
    for (let i = 0; i < 3; i++) await guard.failed('first', null);
    for (let i = 0; i < 10; i++) await guard.failed(`other ${i}`, null);
    expect(guard.lockedFor('first', null)).toBeNull();
  });

  it('counts a /64 of IPv6 as one address, and mapped IPv4 as IPv4', () => {
    expect(networkOf('::ffff:10.1.2.3')).toBe('10.1.2.3');
    expect(networkOf('10.1.2.3')).toBe('10.1.2.3');
    expect(networkOf('2001:db8:0:1::5')).toBe(networkOf('2001:0db8:0000:0001:ffff:ffff:ffff:ffff'));
    expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(networkOf('2001:db8:0:2::5')).not.toBe(networkOf('2001:db8:0:1::5'));
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('1::2:3:4:5:6:7')).toBe('1:0:2:3::/64');
  });
});
