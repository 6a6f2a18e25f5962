import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecentMessages, messageKey } from '../../../src/lib/ingest/recent-messages.ts';

const key = (number: number) => messageKey({ sender: 'session', id: number, mayBeRepeat: true }, null);
const bytes = (text: string) => new TextEncoder().encode(text);

describe('recent messages', () => {
  it('knows a message from its beginning until it is too old', () => {
    const recent = createRecentMessages(1000, 1024);
    expect(recent.find(key(1), 0)).toBeUndefined();
    recent.begin(key(1), 0);
    expect(recent.find(key(1), 0)).toBeNull();
    recent.settle({ ...key(1), accepted: 3, rejected: 1 });
    expect(recent.find(key(1), 1000)).toEqual({ accepted: 3, rejected: 1 });
    expect(recent.find(key(1), 1001)).toBeUndefined();
  });

  it('forgets a message that failed, and knows it when it comes again', () => {
    const recent = createRecentMessages(1000, 1024);
    recent.begin(key(1), 0);
    recent.forget(key(1));
    expect(recent.find(key(1), 0)).toBeUndefined();
    recent.begin(key(1), 1);
    expect(recent.find(key(1), 1)).toBeNull();
  });

  it('forgets the one that failed, not another that was begun with the same key', () => {
    const recent = createRecentMessages(1000, 1024);
    const failed = recent.begin(key(1), 0);
    const place = recent.begin(key(1), 1);
    recent.forget(key(1), failed);
    expect(recent.find(key(1), 1)).toBeNull();
    recent.settle({ ...key(1), accepted: 2, rejected: 0 }, place);
    expect(recent.find(key(1), 1)).toEqual({ accepted: 2, rejected: 0 });
  });

  it('knows the newest of an id alone, and takes no longer for a sender that has one id for everything', () => {
    const elapsedMs = (idOf: (value: number) => number) => {
      const recent = createRecentMessages(1e9, 2 ** 15);
      const of = (value: number) => messageKey({ sender: 's', id: idOf(value), mayBeRepeat: true }, bytes(String(value)));
      const began = performance.now();
      for (let value = 0; value < 50_000; value += 1) recent.settle({ ...of(value), accepted: 1, rejected: 0 }, recent.begin(of(value), value));
      expect(recent.find(of(49_999), 50_000)).toEqual({ accepted: 1, rejected: 0 });
      return { elapsed: performance.now() - began, earlier: recent.find(of(49_998), 50_000) };
    };
    const [many, one] = [elapsedMs((value) => value), elapsedMs(() => 1)];
    expect(one.earlier).toBeUndefined();
    expect(one.elapsed).toBeLessThan(20 * many.elapsed);
  });

  it.each(['settle', 'forget'] as const)('wakes who waits for a message that is under way: %s', async (end) => {
    const recent = createRecentMessages(1000, 1024);
    recent.begin(key(1), 0);
    const both = Promise.all([recent.settled(key(1)), recent.settled(key(1))]);
    recent[end]({ ...key(1), accepted: 1, rejected: 0 });
    await both;
  });

  it('keeps no more than so many, the newest', () => {
    const recent = createRecentMessages(1e9, 2048);
    for (let number = 0; number < 10_000; number += 1) {
      recent.begin(key(number), number);
      recent.settle({ ...key(number), accepted: number, rejected: 0 });
    }
    expect(recent.count).toBe(2048);
    for (let number = 0; number < 10_000; number += 1) expect(recent.find(key(number), 10_000)?.accepted).toBe(number >= 10_000 - 2048 ? number : undefined);
  });

  it('begins with the marks of a former run', () => {
    const recent = createRecentMessages(1000, 1024, [{ committedAt: 500, marks: [{ ...key(7), accepted: 2, rejected: 0 }] }]);
    expect(recent.find(key(7), 1500)).toEqual({ accepted: 2, rejected: 0 });
    expect(recent.find(key(7), 1501)).toBeUndefined();
  });

  it('agrees with a plain map, whatever comes in which order', () => {
    const step = fc.record({ do: fc.constantFrom('begin', 'settle', 'forget', 'find'), number: fc.nat(30), pass: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3000 }), (steps) => {
        const recent = createRecentMessages(300, 1024);
        const model = new Map<number, { at: number; outcome: { accepted: number; rejected: number } | null }>();
        let now = 0;
        steps.forEach((each, index) => {
          now += each.pass;
          const known = model.get(each.number);
          const alive = known !== undefined && known.at >= now - 300 ? known : undefined;
          if (each.do === 'find') expect(recent.find(key(each.number), now)).toEqual(alive === undefined ? undefined : alive.outcome);
          // As the pipeline does: what is known is not begun again, and only what is under way ends.
          else if (each.do === 'begin' && alive === undefined) {
            recent.begin(key(each.number), now);
            model.set(each.number, { at: now, outcome: null });
          } else if (each.do === 'settle' && alive?.outcome === null) {
            recent.settle({ ...key(each.number), accepted: index, rejected: 0 });
            model.set(each.number, { at: alive.at, outcome: { accepted: index, rejected: 0 } });
          } else if (each.do === 'forget' && alive?.outcome === null) {
            recent.forget(key(each.number));
            model.delete(each.number);
          }
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('the key of a message', () => {
  it('differs when the sender, the id or a byte of the payload does', () => {
    const keys = new Set<string>();
    let count = 0;
    const add = (sender: string, id: string | number, payload: Uint8Array | null, device = 'd') => {
      const { keyHigh, keyLow } = messageKey({ sender, id, mayBeRepeat: true }, payload, device);
      keys.add(`${keyHigh} ${keyLow}`);
      count += 1;
    };
    for (let id = 0; id < 20_000; id += 1) add('a', id, bytes('{"x":1}'));
    for (let id = 0; id < 20_000; id += 1) add('a', String(id), bytes('{"x":1}'));
    for (let value = 0; value < 60_000; value += 1) add('a', 1, bytes(`{"temperature":${value}}`));
    for (let length = 0; length < 5_000; length += 1) add('a', 1, new Uint8Array(length));
    for (let index = 0; index < 5_000; index += 1) add(`device-${index}`, 'key', null);
    for (let index = 0; index < 5_000; index += 1) add('a', 1, bytes('{"x":1}'), `device-${index}`);
    for (const [sender, id] of [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc', ''],
      ['', 'abc'],
    ] as const)
      add(sender, id, null);
    expect(keys.size).toBe(count);
  });

  it('spreads over both halves', () => {
    const [highs, lows] = [new Set<number>(), new Set<number>()];
    for (let id = 0; id < 50_000; id += 1) {
      const { keyHigh, keyLow } = messageKey({ sender: 's', id, mayBeRepeat: true }, bytes('{"x":1}'), 'd');
      highs.add(keyHigh);
      lows.add(keyLow);
    }
    // Of 50,000 random halves about 0.3 collide.
    expect(Math.min(highs.size, lows.size)).toBeGreaterThan(49_980);
  });
});
