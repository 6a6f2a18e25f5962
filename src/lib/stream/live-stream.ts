import type { Directory } from '../fleet/directory.ts';
import type { CommittedSamples } from '../ingest/sample-builder.ts';
import { createAudiences } from './audiences.ts';
import { BoundedQueue, type Queued, type QueueLimits } from './bounded-queue.ts';
import type { PointMatcher } from './filter.ts';
import type { SubscriberSeats } from './subscriber-seats.ts';

export interface LiveSample {
  readonly device: string;
  readonly point: string;
  readonly time: number;
  readonly value: unknown;
  readonly quality: string;
  readonly late: boolean;
}

export type LiveMessage =
  | { readonly type: 'samples'; readonly samples: readonly LiveSample[] }
  | { readonly type: 'gap'; readonly dropped: number; readonly from: number; readonly to: number };

/** One subscriber. `take` empties its queue; `onReady` is called when there is something to take after it was empty. */
export interface Subscription {
  /** At most so many samples, and of so many bytes (one alone may have more). */
  take(samplesMax: number, bytesMax: number): LiveMessage | null;
  close(): void;
}

/**
 * Committed samples to those who watch. Each subscriber has its own bounded queue: a slow one loses samples, is told how many and
 * from when to when, and slows nobody else.
 */
export interface LiveStream {
  publish(samples: CommittedSamples): void;
  subscribe(matches: PointMatcher, onReady: () => void): Subscription;
  readonly subscribers: number;
  readonly dropped: number;
}

export interface StreamLimits extends QueueLimits {
  readonly seats: SubscriberSeats;
}

export function createLiveStream(directory: Directory, limits: StreamLimits): LiveStream {
  const subscriptions = createAudiences<QueuedSubscription>(directory, ({ matches }, point, device) => matches(point, device));
  let dropped = 0;
  return {
    get subscribers() {
      return subscriptions.size;
    },
    get dropped() {
      return dropped;
    },
    publish(samples) {
      if (subscriptions.size === 0) return;
      for (let index = 0; index < samples.count; index += 1) {
        const audience = subscriptions.of(samples.entry(index));
        if (audience.length === 0) continue;
        const live = queuedOf(samples, index);
        for (const subscription of audience) if (!subscription.push(live)) dropped += 1;
      }
    },
    subscribe(matches, onReady) {
      const leave = limits.seats.take();
      const subscription = new QueuedSubscription(matches, limits, onReady, () => {
        subscriptions.remove(subscription);
        leave();
      });
      subscriptions.add(subscription);
      return subscription;
    },
  };
}

function queuedOf(samples: CommittedSamples, index: number): Queued<LiveSample> {
  const { device, path } = samples.entry(index).point;
  const value = samples.value(index);
  const sample = { device, point: path, time: samples.time(index), value, quality: samples.quality(index), late: samples.late(index) };
  return { item: sample, time: sample.time, bytes: SAMPLE_BYTES + device.length + path.length + bytesOf(value) };
}

/** Of a sample without its names and value. */
const SAMPLE_BYTES = 100;

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : 0;
}

class QueuedSubscription implements Subscription {
  readonly matches: PointMatcher;
  readonly #queue: BoundedQueue<LiveSample>;
  readonly #onClose: () => void;

  constructor(matches: PointMatcher, limits: QueueLimits, onReady: () => void, onClose: () => void) {
    this.matches = matches;
    this.#queue = new BoundedQueue(limits, onReady);
    this.#onClose = onClose;
  }

  push(queued: Queued<LiveSample>): boolean {
    return this.#queue.push(queued);
  }

  take(samplesMax: number, bytesMax: number): LiveMessage | null {
    const taken = this.#queue.take(samplesMax, bytesMax);
    if (taken === null) return null;
    return 'items' in taken ? { type: 'samples', samples: taken.items } : { type: 'gap', ...taken.gap };
  }

  close(): void {
    this.#onClose();
  }
}
