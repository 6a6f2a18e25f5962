import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGathering, type Gathering } from '../../../src/lib/ingest/gathering.ts';

const DISK_MS = 40;
const MESSAGES = 1000;

let waiting: number;
let sent: number;
let gathering: Gathering;

/** Answers the group that the disk took its time for. */
function answer(messages = MESSAGES, elapsedMs = DISK_MS): void {
  vi.advanceTimersByTime(elapsedMs);
  gathering.answered(messages, elapsedMs);
}

/** Lets time go by while messages come. */
function arrive(perMs: number, forMs: number): void {
  for (let ms = 0; ms < forMs; ms += 1) {
    waiting += perMs;
    vi.advanceTimersByTime(1);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  waiting = 0;
  sent = 0;
  gathering = createGathering(
    () => {
      sent += 1;
    },
    () => waiting,
  );
});

afterEach(() => {
  vi.useRealTimers();
});

describe('when the next group of messages is sent', () => {
  it('is at once on a disk that is fast', () => {
    answer(MESSAGES, 2);
    expect(sent).toBe(1);
    expect(gathering.isHolding).toBe(false);
  });

  it('is at once after a small group, however slow the disk is', () => {
    answer(10);
    expect(sent).toBe(1);
  });

  it('is on a slow disk when the senders have answered their acknowledgements', () => {
    answer();
    expect(gathering.isHolding).toBe(true);
    arrive(100, 10);
    expect(sent).toBe(0);
    arrive(0, 2);
    expect(sent).toBe(1);
    expect(gathering.isHolding).toBe(false);
  });

  it('is after half of the time of the disk at the latest', () => {
    answer();
    arrive(1000, DISK_MS / 2 - 1);
    expect(sent).toBe(0);
    arrive(1000, 3);
    expect(sent).toBe(1);
  });

  it('is soon when messages come as evenly as ever', () => {
    answer();
    arrive(MESSAGES / DISK_MS, DISK_MS / 4);
    expect(sent).toBe(1);
  });

  it('is seldom waited for where messages never come in a burst', () => {
    let held = 0;
    for (let group = 0; group < 200; group += 1) {
      answer();
      if (gathering.isHolding) held += 1;
      arrive(MESSAGES / DISK_MS, DISK_MS / 4);
    }
    expect(sent).toBe(200);
    expect(held).toBeGreaterThan(2);
    expect(held).toBeLessThan(10);
  });

  it('is waited for each time where they do', () => {
    for (let group = 1; group <= 20; group += 1) {
      answer();
      expect(gathering.isHolding).toBe(true);
      arrive(100, 10);
      arrive(0, 3);
      expect(sent).toBe(group);
    }
  });
});
