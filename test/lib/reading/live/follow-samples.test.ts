import { describe, expect, test } from 'vitest';
import type { SampleItem, StreamMessage } from '../../../../src/lib/api/schema/samples.ts';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import type { FollowEvent } from '../../../../src/lib/reading/live/follow.ts';
import { type FollowSamplesOptions, followSamples } from '../../../../src/lib/reading/live/follow-samples.ts';
import { mergeByTime } from '../../../../src/lib/reading/live/stored-samples.ts';
import { createRecentSet } from '../../../../src/lib/reading/recent-set.ts';

const sample = (time: number, device = 'd'): SampleItem => ({ device, point: 'p', time, value: time, quality: 'good', late: false });
const samples = (...times: number[]): StreamMessage => ({ type: 'samples', samples: times.map((time) => sample(time)) });
const hello: StreamMessage = { type: 'hello', time: 1_000_000 };
const lost = () => new MusterError('unreachable', 'The stream was cut.');

/** Each connection plays its messages, then what its last element says: an error is thrown, anything else ends it when the test does. */
function follow(connections: readonly (readonly (StreamMessage | MusterError)[])[], more: Partial<FollowSamplesOptions> = {}) {
  const ending = new AbortController();
  const pauses: number[] = [];
  const readFrom: number[] = [];
  let next = 0;
  const events = followSamples({
    signal: ending.signal,
    async *connect(signal) {
      for (const message of connections[next++] ?? []) {
        await Promise.resolve();
        if (message instanceof MusterError) throw message;
        yield message;
      }
      await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
    },
    async *readStored() {},
    since: null,
    pause: async (ms) => void pauses.push(ms),
    now: () => 1_000_000,
    ...more,
    ...(more.readStored === undefined
      ? {}
      : {
          readStored: (from: number, signal: AbortSignal) => {
            readFrom.push(from);
            return more.readStored?.(from, signal) ?? (async function* () {})();
          },
        }),
  });
  return { events, pauses, readFrom, ending };
}

/** Takes events until so many samples have come. */
async function take(events: AsyncIterable<FollowEvent<SampleItem>>, count: number) {
  const times: number[] = [];
  const others: FollowEvent<SampleItem>[] = [];
  for await (const event of events) {
    if (event.type === 'item') times.push(event.item.time);
    else others.push(event);
    if (times.length === count) break;
  }
  return { times, others };
}

describe('following samples', () => {
  test('stored ones come first, then live ones, each once and none left out', async () => {
    const { events, readFrom } = follow([[hello, samples(4, 5), samples(6)]], {
      since: 1,
      async *readStored() {
        for (const time of [1, 2, 3, 4, 5]) yield sample(time);
      },
    });
    expect((await take(events, 6)).times).toEqual([1, 2, 3, 4, 5, 6]);
    expect(readFrom).toEqual([1]);
  });

  test('the stream is open before the stored samples are read', async () => {
    const order: string[] = [];
    const { events } = follow([], {
      since: 1,
      async *connect() {
        order.push('connected');
        yield hello;
        yield samples(2);
      },
      async *readStored() {
        order.push('read');
        yield sample(1);
      },
    });
    await take(events, 2);
    expect(order).toEqual(['connected', 'read']);
  });

  test('a later write of the same time is news', async () => {
    const changed: StreamMessage = { type: 'samples', samples: [{ ...sample(1), value: 'new' }] };
    const { events } = follow([[hello, samples(1), samples(1), changed, samples(2)]]);
    expect((await take(events, 3)).times).toEqual([1, 1, 2]);
  });

  test('a gap is passed on', async () => {
    const { events } = follow([[hello, samples(1), { type: 'gap', dropped: 7, from: 2, to: 3 }, samples(4)]]);
    expect((await take(events, 2)).others).toEqual([{ type: 'gap', gap: { dropped: 7, from: 2, to: 3 } }]);
  });

  test('a lost connection is told and made again, and what was stored meanwhile comes once', async () => {
    const { events, pauses, readFrom } = follow([[hello, samples(1), lost()], [lost()], [lost()], [hello, samples(4)]], {
      async *readStored() {
        for (const time of [1, 2, 3, 4]) yield sample(time);
      },
    });
    const { times, others } = await take(events, 4);
    expect(times).toEqual([1, 2, 3, 4]);
    expect(pauses).toEqual([500, 1000, 2000]);
    expect(readFrom).toEqual([1_000_000]);
    expect(others.map((event) => (event.type === 'notice' ? event.text.slice(0, 20) : ''))).toEqual([
      'The connection was l',
      'Still no connection ',
      'Still no connection ',
      'Connected again afte',
    ]);
  });

  test('after a loss, nothing from before the beginning is shown, and a little before the last sign of life is read again', async () => {
    let clock = 1_000_000;
    const { events, readFrom } = follow(
      [
        [hello, samples(1), lost()],
        [{ ...hello, time: 1_060_000 }, samples(2), lost()],
        [hello, samples(3)],
      ],
      {
        now: () => (clock += 20_000),
        async *readStored() {},
      },
    );
    await take(events, 3);
    expect(readFrom[0]).toBe(1_030_000);
    expect(readFrom[1]).toBeGreaterThan(1_060_000);
  });

  test('a hub that says it is stopping is waited for; one that says no is not', async () => {
    const stopping: StreamMessage = { type: 'bye', code: 'stopping', reason: 'the hub is stopping' };
    const { events } = follow([
      [hello, stopping, lost()],
      [hello, samples(1)],
    ]);
    expect((await take(events, 1)).times).toEqual([1]);
    const revoked: StreamMessage = { type: 'bye', code: 'not_logged_in', reason: 'the token was revoked' };
    await expect(take(follow([[hello, revoked]]).events, 1)).rejects.toMatchObject({ code: 'not_logged_in' });
  });

  test('a first connection that fails is an error, not an endless wait', async () => {
    await expect(take(follow([[lost()]]).events, 1)).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('ends in good order when it is told to', async () => {
    const { events, ending } = follow([[hello, samples(1)]]);
    const times: number[] = [];
    for await (const event of events) {
      if (event.type === 'item') times.push(event.item.time);
      ending.abort();
    }
    expect(times).toEqual([1]);
  });

  test('live samples that wait while very many stored ones are read are bounded, and what is dropped is told', async () => {
    let release: () => void = () => undefined;
    const sent = new Promise<void>((done) => {
      release = done;
    });
    const big = (start: number): StreamMessage => ({ type: 'samples', samples: Array.from({ length: 60_000 }, (_, index) => sample(start + index)) });
    const { events } = follow([], {
      since: 1,
      async *connect() {
        yield hello;
        yield big(100_000);
        yield big(200_000);
        release();
      },
      async *readStored() {
        await sent;
        yield sample(1);
      },
    });
    const seen = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    expect(seen[1]).toEqual({ type: 'gap', gap: { dropped: 60_000, from: 100_000, to: 159_999 } });
    expect(seen[2]).toMatchObject({ type: 'item', item: { time: 200_000 } });
  });
});

test('recent keys forget the oldest, never the newest', () => {
  const keys = createRecentSet(10);
  for (let key = 0; key < 100; key += 1) expect(keys.add(String(key))).toBe(true);
  for (let key = 95; key < 100; key += 1) expect(keys.add(String(key))).toBe(false);
  expect(keys.has('0')).toBe(false);
});

test('lists by time are merged by time, and closed when the reader has enough', async () => {
  let closed = 0;
  async function* list(device: string, ...times: number[]) {
    try {
      for (const time of times) yield sample(time, device);
    } finally {
      closed += 1;
    }
  }
  const merged: string[] = [];
  for await (const { device, time } of mergeByTime([list('a', 1, 4, 4), list('b'), list('c', 2, 4, 5)])) {
    merged.push(`${device}${time}`);
    if (merged.length === 5) break;
  }
  expect(merged).toEqual(['a1', 'c2', 'a4', 'a4', 'c4']);
  expect(closed).toBe(3);
});
