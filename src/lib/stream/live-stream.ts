import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { CommittedSamples } from '../ingest/sample-builder.ts';
import { createAudiences } from './audiences.ts';
import type { PointMatcher } from './filter.ts';

export interface LiveSample {
  readonly device: string;
  readonly point: string;
  readonly time: number;
  readonly value: unknown;
  readonly quality: string;
  readonly late: boolean;
}

/** What all subscribers of a sample share; `bytes`: about what it takes on its way to one of them. */
interface Queued {
  readonly sample: LiveSample;
  readonly bytes: number;
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

export interface StreamLimits {
  /** Samples in the queue of one subscriber, and their bytes. */
  readonly queueMax: number;
  readonly queueBytesMax: number;
  readonly subscribersMax: number;
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
      if (subscriptions.size >= limits.subscribersMax)
        throw new MusterError('limit_reached', `${limits.subscribersMax} subscribers watch already (limits.stream-subscribers)`);
      const subscription = new QueuedSubscription(matches, limits, onReady, () => subscriptions.remove(subscription));
      subscriptions.add(subscription);
      return subscription;
    },
  };
}

function queuedOf(samples: CommittedSamples, index: number): Queued {
  const { device, path } = samples.entry(index).point;
  const value = samples.value(index);
  const sample = { device, point: path, time: samples.time(index), value, quality: samples.quality(index), late: samples.late(index) };
  return { sample, bytes: SAMPLE_BYTES + device.length + path.length + bytesOf(value) };
}

/** Of a sample without its names and value. */
const SAMPLE_BYTES = 100;

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : 0;
}

class QueuedSubscription implements Subscription {
  readonly matches: PointMatcher;
  readonly #limits: StreamLimits;
  readonly #onReady: () => void;
  readonly #onClose: () => void;
  #queue: Queued[] = [];
  #bytes = 0;
  #gap: { dropped: number; from: number; to: number } | null = null;

  constructor(matches: PointMatcher, limits: StreamLimits, onReady: () => void, onClose: () => void) {
    this.matches = matches;
    this.#limits = limits;
    this.#onReady = onReady;
    this.#onClose = onClose;
  }

  push(queued: Queued): boolean {
    if (this.#queue.length >= this.#limits.queueMax || this.#bytes >= this.#limits.queueBytesMax || this.#gap !== null) {
      // Once samples are lost, all that follow are, until the subscriber has taken what it has: one gap, not many.
      const { sample } = queued;
      this.#gap ??= { dropped: 0, from: sample.time, to: sample.time };
      this.#gap.dropped += 1;
      this.#gap.from = Math.min(this.#gap.from, sample.time);
      this.#gap.to = Math.max(this.#gap.to, sample.time);
      return false;
    }
    this.#queue.push(queued);
    this.#bytes += queued.bytes;
    if (this.#queue.length === 1) this.#onReady();
    return true;
  }

  take(samplesMax: number, bytesMax: number): LiveMessage | null {
    if (this.#queue.length > 0) {
      let count = 0;
      let bytes = 0;
      const samples: LiveSample[] = [];
      for (const queued of this.#queue) {
        if (count > 0 && (count >= samplesMax || bytes + queued.bytes > bytesMax)) break;
        bytes += queued.bytes;
        count += 1;
        samples.push(queued.sample);
      }
      this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
      this.#bytes -= bytes;
      return { type: 'samples', samples };
    }
    if (this.#gap === null) return null;
    const gap = this.#gap;
    this.#gap = null;
    return { type: 'gap', ...gap };
  }

  close(): void {
    this.#onClose();
  }
}
