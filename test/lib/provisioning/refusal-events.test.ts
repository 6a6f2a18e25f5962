import { expect, it, vi } from 'vitest';
import type { ClaimId, ProjectId } from '../../../src/lib/domain/ids.ts';
import type { NewEvent } from '../../../src/lib/events/event-recorder.ts';
import { createRefusalEvents } from '../../../src/lib/provisioning/refusal-events.ts';

it('tells the first of a kind at once, and the others of a minute together', () => {
  vi.useFakeTimers();
  try {
    const told: NewEvent[] = [];
    const events = createRefusalEvents({ record: (event) => told.push(event) }, Date.now);
    const refuse = (claim: string, code: string, device: string | null) =>
      events.refused({ project: 'p' as ProjectId, claim: claim as ClaimId, code, reason: `why ${code}`, device, address: '10.0.0.1' });
    for (let index = 0; index < 500; index += 1) refuse('a', 'conflict', `d${index}`);
    refuse('a', 'invalid', null);
    refuse('b', 'conflict', 'x');
    expect(told.map(({ details }) => [details.claim, details.code, details.times])).toEqual([
      ['a', 'conflict', 1],
      ['a', 'invalid', 1],
      ['b', 'conflict', 1],
    ]);
    vi.advanceTimersByTime(60_000);
    expect(told.slice(3).map(({ text, details }) => [text, details.times])).toEqual([
      ['devices were refused 499 more times, the last was the device d499 from 10.0.0.1: why conflict', 499],
    ]);
    // Quiet for a minute: the next is the first again.
    vi.advanceTimersByTime(120_000);
    refuse('a', 'conflict', 'again');
    expect(told.at(-1)?.text).toBe('the device again from 10.0.0.1 was refused: why conflict');
    events.stop();
    events.stop();
    expect(told).toHaveLength(5);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
