import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { globMatcher } from '../../../src/lib/domain/matching.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import type { ResolvedSample } from '../../../src/lib/ingest/batch.ts';
import { SampleBuilder } from '../../../src/lib/ingest/sample-builder.ts';
import { pointMatcher } from '../../../src/lib/stream/filter.ts';
import { createLiveStream } from '../../../src/lib/stream/live-stream.ts';
import { createSubscriberSeats } from '../../../src/lib/stream/subscriber-seats.ts';
import { aDevice, aPoint } from '../../helpers/fleet.ts';

function fleet() {
  const directory = new Directory();
  directory.putDevice(aDevice('a', { labels: { site: 'paris' } }));
  directory.putDevice(aDevice('b', { project: 'other' }));
  const entries = [
    directory.putPoint(aPoint('a', 'boiler/temperature', 1)),
    directory.putPoint(aPoint('a', 'door', 2, { kind: 'status' })),
    directory.putPoint(aPoint('b', 'door', 3)),
  ];
  const sample = (index: number, time: number) => ({ entry: entries[index] ?? raise(), time, value: time, quality: 'good' as const, late: false });
  return { directory, sample };
}
function committed(...samples: ResolvedSample[]) {
  const builder = new SampleBuilder();
  builder.add(samples);
  return builder;
}
function raise(): never {
  throw new Error('no such point');
}
const project = 'default' as ProjectId;

describe('the live stream', () => {
  it('gives nobody the last samples of a device that is gone, whoever has its name now', () => {
    const { directory, sample } = fleet();
    const stream = createLiveStream(directory, { queueMax: 10, queueBytesMax: 1e6, seats: createSubscriberSeats(10) });
    const ours = stream.subscribe(pointMatcher({ project }), () => undefined);
    const last = sample(2, 3);
    stream.publish(committed(sample(0, 1)));
    for (const id of ['a', 'b']) directory.removeDevice(id as DeviceId);
    directory.putDevice(aDevice('b'));
    directory.putPoint(aPoint('b', 'door', 4));
    stream.publish(committed(sample(0, 2), last));
    expect(ours.take(10, 1e6)).toMatchObject({ samples: [{ device: 'a', time: 1 }] });
    expect(ours.take(10, 1e6)).toBeNull();
  });

  it('gives a subscriber what its filter selects, of its own project alone', () => {
    const { directory, sample } = fleet();
    const stream = createLiveStream(directory, { queueMax: 10, queueBytesMax: 1e6, seats: createSubscriberSeats(10) });
    const everything = stream.subscribe(pointMatcher({ project }), () => undefined);
    const byLabel = stream.subscribe(pointMatcher({ project, labels: ['site=paris'], points: ['boiler/*'] }), () => undefined);
    const none = stream.subscribe(pointMatcher({ project, kinds: ['setpoint'] }), () => undefined);
    stream.publish(committed(sample(0, 1), sample(1, 2), sample(2, 3)));
    expect(everything.take(10, 1e6)).toMatchObject({
      samples: [
        { device: 'a', point: 'boiler/temperature', time: 1 },
        { point: 'door', time: 2 },
      ],
    });
    expect(byLabel.take(10, 1e6)).toMatchObject({ samples: [{ time: 1 }] });
    expect(none.take(10, 1e6)).toBeNull();
  });

  it('follows a label that changes while somebody watches', () => {
    const { directory, sample } = fleet();
    const stream = createLiveStream(directory, { queueMax: 10, queueBytesMax: 1e6, seats: createSubscriberSeats(10) });
    const subscription = stream.subscribe(pointMatcher({ project, labels: ['site=lyon'] }), () => undefined);
    stream.publish(committed(sample(0, 1)));
    directory.putDevice(aDevice('a', { labels: { site: 'lyon' } }));
    stream.publish(committed(sample(0, 2)));
    expect(subscription.take(10, 1e6)).toMatchObject({ samples: [{ time: 2 }] });
  });

  it('drops for a slow subscriber alone, and says how much and when', () => {
    const { directory, sample } = fleet();
    const stream = createLiveStream(directory, { queueMax: 2, queueBytesMax: 1e6, seats: createSubscriberSeats(10) });
    const slow = stream.subscribe(pointMatcher({ project }), () => undefined);
    const fast = stream.subscribe(pointMatcher({ project }), () => undefined);
    for (let time = 1; time <= 5; time += 1) {
      stream.publish(committed(sample(0, time)));
      expect(fast.take(10, 1e6)).toMatchObject({ type: 'samples' });
    }
    expect(slow.take(10, 1e6)).toMatchObject({ samples: [{ time: 1 }, { time: 2 }] });
    expect(slow.take(10, 1e6)).toEqual({ type: 'gap', dropped: 3, from: 3, to: 5 });
    stream.publish(committed(sample(0, 6)));
    expect(slow.take(10, 1e6)).toMatchObject({ samples: [{ time: 6 }] });
    expect(stream.dropped).toBe(3);
  });

  it('bounds what waits for a subscriber by bytes as well, and gives no message more than it should have', () => {
    const { directory, sample } = fleet();
    const stream = createLiveStream(directory, { queueMax: 1000, queueBytesMax: 10_000, seats: createSubscriberSeats(10) });
    const slow = stream.subscribe(pointMatcher({ project }), () => undefined);
    const large = (time: number) => ({ ...sample(0, time), value: time % 2 === 0 ? 'x'.repeat(2000) : { text: ['x'.repeat(2000)] } });
    for (let time = 1; time <= 20; time += 1) stream.publish(committed(large(time)));
    const taken: number[] = [];
    for (let message = slow.take(100, 4500); message?.type === 'samples'; message = slow.take(100, 4500)) taken.push(message.samples.length);
    expect(taken).toEqual([2, 2, 1]);
    expect(stream.dropped).toBe(15);
    stream.publish(committed(large(21)));
    expect(slow.take(100, 10)).toMatchObject({ type: 'samples', samples: [{ time: 21 }] });
  });

  it('refuses one subscriber too many and forgets one that goes', () => {
    const { directory } = fleet();
    const stream = createLiveStream(directory, { queueMax: 2, queueBytesMax: 1e6, seats: createSubscriberSeats(1) });
    const one = stream.subscribe(pointMatcher({ project }), () => undefined);
    expect(() => stream.subscribe(pointMatcher({ project }), () => undefined)).toThrow(/1 subscribers/);
    one.close();
    expect(stream.subscribers).toBe(0);
  });
});

describe('globMatcher', () => {
  it('agrees with the regular expression of the same meaning', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, letters, (glob, text) => globMatcher(glob)(text) === new RegExp(`^${glob.replaceAll('*', '.*')}$`, 's').test(text)),
      { numRuns: 2000 },
    );
  });
});
