import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/lib/access/principal.ts';
import type { DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { ratesAt } from '../../../src/lib/fleet/traffic.ts';
import type { InboundMessage } from '../../../src/lib/ingest/inbound-message.ts';
import { createRateLimiter, type RateLimits } from '../../../src/lib/ingest/rate-limiter.ts';
import { aDevice } from '../../helpers/fleet.ts';

const START = 1_763_785_200_000;
const NONE = { messagesPerSecond: null, pointsPerSecond: null };

function limiterOf(limits: Partial<RateLimits>) {
  const directory = new Directory();
  const limiter = createRateLimiter({ device: NONE, project: NONE, burstSeconds: 2, ...limits });
  const message = (at: number, principal: Principal): InboundMessage =>
    ({ device: aDevice('a'), principal, protocol: 'test', receivedAt: START + at, payload: new Uint8Array() }) as unknown as InboundMessage;
  const own = { kind: 'device', id: 'a' as DeviceId, project: 'default' as ProjectId } as Principal;
  const device = (id: string) => directory.device(id) ?? directory.putDevice(aDevice(id));
  return {
    device,
    /** What refused it, or null. */
    send(at: number, points = 1, { id = 'a', principal = own } = {}): string | null {
      const arrived = message(at, principal);
      const refusal = limiter.admit(device(id), arrived);
      if (refusal === null) limiter.charge(device(id), arrived, points);
      return refusal?.kind ?? null;
    },
    delay: (at: number, principal = own) => limiter.delayMs(device('a'), principal, START + at),
    refusal: (at: number) => limiter.admit(device('a'), message(at, own)),
  };
}

const application: Principal = { kind: 'token', id: 't', name: 't', project: 'default' as ProjectId, role: 'admin' };

describe('the rate limiter', () => {
  it('lets a burst pass, then as many messages as the rate says', () => {
    const { send, device } = limiterOf({ device: { ...NONE, messagesPerSecond: 10 } });
    const passed = (at: number, tries: number) => Array.from({ length: tries }, () => send(at)).filter((kind) => kind === null).length;
    expect(passed(0, 50)).toBe(20);
    expect(passed(500, 50)).toBe(5);
    expect(passed(3_600_000, 50)).toBe(20);
    expect(device('a').traffic).toMatchObject({ limited: 105, limitedAt: START + 3_600_000 });
  });

  it('takes a message with more points than the bucket holds, and makes the next one wait until it is paid', () => {
    const { send, refusal } = limiterOf({ device: { ...NONE, pointsPerSecond: 100 } });
    expect(send(0, 1000)).toBeNull();
    expect(send(0)).toBe('device-points');
    expect(send(7_000)).toBe('device-points');
    expect(refusal(7_000)?.error).toMatchObject({ code: 'rate_limited', details: { retryAfterMs: 1010 } });
    expect(send(8_011)).toBeNull();
  });

  it('limits each device alone, and all of a project together', () => {
    const { send } = limiterOf({ device: { ...NONE, messagesPerSecond: 1 }, project: { ...NONE, messagesPerSecond: 2 } });
    expect([send(0), send(0), send(0)]).toEqual([null, null, 'device-messages']);
    expect([send(0, 1, { id: 'b' }), send(0, 1, { id: 'b' }), send(0, 1, { id: 'c' })]).toEqual([null, null, 'project-messages']);
  });

  it('counts what an application writes against the project, not against the device', () => {
    const { send, device } = limiterOf({ device: { messagesPerSecond: 1, pointsPerSecond: 1 }, project: { ...NONE, messagesPerSecond: 3 } });
    for (let count = 0; count < 6; count += 1) expect(send(0, 100, { principal: application })).toBeNull();
    expect(send(0, 1, { principal: application })).toBe('project-messages');
    expect(device('a').traffic?.messageTokens).toBe(2);
  });

  it('limits nothing without limits, and says how fast a device is', () => {
    const { send, device } = limiterOf({});
    expect(device('a').traffic).toBeNull();
    for (let at = 0; at < 60_000; at += 100) expect(send(at, 5)).toBeNull();
    const rates = ratesAt(device('a').traffic, START + 60_000);
    expect(rates.messages).toBeGreaterThan(9.5);
    expect(rates.messages).toBeLessThan(10.5);
    expect(rates.points / rates.messages).toBeCloseTo(5);
    expect(ratesAt(device('a').traffic, START + 360_000).messages).toBeLessThan(0.001);
  });

  it('gives nothing for a clock that is set back, and goes on from there', () => {
    const { send } = limiterOf({ device: { ...NONE, messagesPerSecond: 1 } });
    expect([send(10_000), send(10_000), send(0), send(1_000)]).toEqual([null, null, 'device-messages', null]);
  });

  it('says how long until a message passes, of the device and of its project, and counts nothing for it', () => {
    const { delay, send } = limiterOf({ device: { messagesPerSecond: 2, pointsPerSecond: 10 }, project: { ...NONE, messagesPerSecond: 4 } });
    expect(delay(0)).toBe(0);
    for (let count = 0; count < 4; count += 1) expect(send(0)).toBeNull();
    expect([delay(0), delay(200), delay(500)]).toEqual([500, 300, 0]);
    expect(send(500, 100)).toBeNull();
    // The bucket was full, with 20 points, of which 100 were taken: until there is one again.
    expect(delay(500)).toBe(8_100);
    expect(delay(500, application)).toBe(0);
    for (let count = 0; count < 5; count += 1) expect(send(500, 0, { principal: application })).toBeNull();
    expect(delay(500, application)).toBe(250);
    expect(delay(8_600)).toBe(0);
  });
});
