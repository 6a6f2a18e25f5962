import { describe, expect, it } from 'vitest';
import { EVENT_KINDS } from '../../../src/lib/domain/event.ts';
import type { DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { eventKindsOf, eventMatcher } from '../../../src/lib/events/event-filter.ts';
import { createEventStream } from '../../../src/lib/events/event-stream.ts';
import { createSubscriberSeats } from '../../../src/lib/stream/subscriber-seats.ts';
import { anEvent } from '../../helpers/alarming.ts';

const all = () => true;
const ids = (message: unknown) => (message as { events: string[] }).events.map((text) => JSON.parse(text).id);
const opened = (queueMax = 10, queueBytesMax = 1e6, seats = createSubscriberSeats(3)) => createEventStream({ queueMax, queueBytesMax, seats });

describe('the stream of events', () => {
  it('gives each subscriber what it asked for, in order, and tells once that something is there', () => {
    const stream = opened();
    let ready = 0;
    const one = stream.subscribe(
      ({ kind }) => kind === 'device.connected',
      () => (ready += 1),
    );
    const other = stream.subscribe(all, () => undefined);
    stream.publish([anEvent('a'), anEvent('b', { kind: 'hub.started' }), anEvent('c')]);
    stream.publish([anEvent('d')]);
    expect(ready).toBe(1);
    expect(ids(one.take(2, 1e6))).toEqual(['a', 'c']);
    expect(ids(one.take(2, 1e6))).toEqual(['d']);
    expect(one.take(2, 1e6)).toBeNull();
    const message = other.take(10, 1e6);
    expect(ids(message)).toEqual(['a', 'b', 'c', 'd']);
    expect(JSON.parse((message as unknown as { events: string[] }).events[0] ?? '')).toEqual(anEvent('a'));
    expect(stream.published).toBe(4);
  });

  it('drops for a slow one alone, tells it how many and of when, and goes on', () => {
    const stream = opened(2);
    const slow = stream.subscribe(all, () => undefined);
    const fast = stream.subscribe(all, () => undefined);
    for (const [id, time] of [
      ['a', 1],
      ['b', 2],
      ['c', 9],
      ['d', 3],
    ] as const) {
      stream.publish([anEvent(id, { time })]);
      expect(ids(fast.take(1, 1))).toEqual([id]);
    }
    expect(ids(slow.take(10, 1e6))).toEqual(['a', 'b']);
    expect(slow.take(10, 1e6)).toEqual({ type: 'gap', dropped: 2, from: 3, to: 9 });
    stream.publish([anEvent('e')]);
    expect(ids(slow.take(10, 1e6))).toEqual(['e']);
    expect(stream.dropped).toBe(2);
  });

  it('bounds a queue and a message by their bytes too', () => {
    const stream = opened(1000, 2000);
    const one = stream.subscribe(all, () => undefined);
    const large = (id: string) => anEvent(id, { text: 'x'.repeat(800) });
    stream.publish([large('a'), large('b'), large('c')]);
    expect(ids(one.take(10, 500))).toEqual(['a']);
    expect(ids(one.take(10, 5000))).toEqual(['b']);
    expect(one.take(10, 5000)).toMatchObject({ type: 'gap', dropped: 1 });
  });

  it('has so many seats, which it may share, and gives one back when somebody goes', () => {
    const seats = createSubscriberSeats(2);
    const [stream, another] = [opened(10, 1e6, seats), opened(10, 1e6, seats)];
    const one = stream.subscribe(all, () => undefined);
    another.subscribe(all, () => undefined);
    expect(() => stream.subscribe(all, () => undefined)).toThrow(/limits.stream-subscribers/);
    one.close();
    one.close();
    stream.publish([anEvent('a')]);
    expect(one.take(1, 1)).toBeNull();
    expect(seats.taken).toBe(1);
    stream.subscribe(all, () => undefined);
    expect(stream.subscribers).toBe(1);
  });
});

describe('a filter of events', () => {
  it('is of one project, and all that is given must hold', () => {
    const project = 'default' as ProjectId;
    const matches = eventMatcher({ project, kinds: ['device.connected'], devices: ['b1' as DeviceId] });
    expect(matches(anEvent('a'))).toBe(true);
    expect(matches(anEvent('a', { project: 'other' as ProjectId }))).toBe(false);
    expect(matches(anEvent('a', { device: null }))).toBe(false);
    expect(matches(anEvent('a', { kind: 'device.disconnected' }))).toBe(false);
    expect(eventMatcher({ project, severities: ['major'] })(anEvent('a'))).toBe(false);
    expect(eventMatcher({ project, severities: ['major'] })(anEvent('a', { severity: 'major' }))).toBe(true);
    expect(eventMatcher({ project, devices: [] })(anEvent('a'))).toBe(false);
  });

  it('takes kinds by name and by pattern, and refuses what finds nothing', () => {
    const ofDevices = EVENT_KINDS.filter((kind) => kind.startsWith('device.'));
    expect(ofDevices.length).toBeGreaterThan(5);
    expect(eventKindsOf(['device.*', 'device.created', 'hub.started'])).toEqual([...ofDevices, 'hub.started']);
    expect(eventKindsOf(['*'])).toContain('alarm.raised');
    for (const wrong of ['alarm', 'alarms.*', '', 'alarm.raise']) expect(() => eventKindsOf([wrong])).toThrow(/kind of event/);
  });
});
