import { describe, expect, it } from 'vitest';
import { createFindings } from '../findings.ts';
import type { Sender } from './senders.ts';
import { judge, judgeShared, type Subscriber } from './subscriber.ts';

/** What the judge says of these arrivals of a sender that has sent 0 to 4, all acknowledged. */
function verdict(qos: 1 | 2, arrivals: readonly number[]): readonly string[] {
  const findings = createFindings();
  const subscriber = { name: 'listener', qos, received: new Map([['device', arrivals]]) } as unknown as Subscriber;
  const sender = { device: 'device', qos, sent: 5, acknowledged: new Set([0, 1, 2, 3, 4]) } as unknown as Sender;
  judge(subscriber, sender, findings);
  return findings.sentences();
}

describe('the judge of what a persistent subscriber got', () => {
  it('accepts all of it, and of QoS 1 repeats', () => {
    expect(verdict(1, [0, 1, 2, 3, 4])).toEqual([]);
    expect(verdict(2, [0, 1, 2, 3, 4])).toEqual([]);
    expect(verdict(1, [0, 1, 2, 1, 2, 3, 4])).toEqual([]);
  });

  it.each([
    ['a loss', 1, [0, 1, 3, 4], 'never reached'],
    ['a loss', 2, [0, 1, 2, 3], 'never reached'],
    ['disorder', 1, [0, 2, 1, 3, 4], 'out of order'],
    ['disorder', 2, [0, 1, 2, 4, 3], 'out of order'],
    ['a repeat', 2, [0, 1, 1, 2, 3, 4], 'twice'],
    ['an invention', 1, [0, 1, 2, 3, 4, 5], 'nobody sent'],
  ] as const)('finds %s at QoS %i', (_what, qos, arrivals, words) => {
    expect(verdict(qos, arrivals)).toEqual([expect.stringContaining(words)]);
  });
});

describe('the judge of what two who share a subscription got', () => {
  const together = (qos: 1 | 2, one: readonly number[], other: readonly number[]) => {
    const findings = createFindings();
    const sharers = [one, other].map((arrivals) => ({ name: 'sharer', qos: 2, received: new Map([['device', arrivals]]) }) as unknown as Subscriber);
    judgeShared(sharers, { device: 'device', qos, sent: 5, acknowledged: new Set([0, 1, 2, 3, 4]) } as unknown as Sender, findings);
    return findings.sentences();
  };

  it('accepts each message at one of them, and of QoS 1 at both', () => {
    expect(together(2, [0, 2, 4], [1, 3])).toEqual([]);
    expect(together(1, [0, 2, 4], [1, 2, 3])).toEqual([]);
  });

  it.each([
    ['a loss', 1, [0, 1], [3, 4], 'reached none'],
    ['a repeat', 2, [0, 1, 2], [2, 3, 4], 'twice'],
    ['an invention', 1, [0, 1, 2], [3, 4, 5], 'nobody sent'],
  ] as const)('finds %s at QoS %i', (_what, qos, one, other, words) => {
    expect(together(qos, one, other)).toEqual([expect.stringContaining(words)]);
  });
});
