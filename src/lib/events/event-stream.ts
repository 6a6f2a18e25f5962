import type { HubEvent } from '../domain/event.ts';
import { BoundedQueue, type QueueLimits } from '../stream/bounded-queue.ts';
import type { SubscriberSeats } from '../stream/subscriber-seats.ts';
import type { EventMatcher } from './event-filter.ts';

export type LiveEventMessage =
  /** Each event as JSON: made once, for all who watch. */
  | { readonly type: 'events'; readonly events: readonly string[] }
  | { readonly type: 'gap'; readonly dropped: number; readonly from: number; readonly to: number };

export interface EventSubscription {
  /** At most so many events, and of so many bytes (one alone may have more). */
  take(eventsMax: number, bytesMax: number): LiveEventMessage | null;
  /** Idempotent. */
  close(): void;
}

/** Committed events to those who watch: each has its own bounded queue. A slow one loses events, is told how many, and slows nobody else. */
export interface EventStream {
  publish(events: readonly HubEvent[]): void;
  /** `onReady` is called when there is something to take after it was empty. Throws limit_reached. */
  subscribe(matches: EventMatcher, onReady: () => void): EventSubscription;
  readonly subscribers: number;
  /** Since the start: events that were committed, and those that subscribers were too slow for. */
  readonly published: number;
  readonly dropped: number;
}

interface Member {
  readonly matches: EventMatcher;
  readonly queue: BoundedQueue<string>;
}

export function createEventStream(limits: QueueLimits & { readonly seats: SubscriberSeats }): EventStream {
  const members = new Set<Member>();
  let published = 0;
  let dropped = 0;
  return {
    publish(events) {
      published += events.length;
      if (members.size === 0) return;
      for (const event of events) {
        let queued: { readonly item: string; readonly time: number; readonly bytes: number } | null = null;
        for (const { matches, queue } of members) {
          if (!matches(event)) continue;
          queued ??= queuedOf(event);
          if (!queue.push(queued)) dropped += 1;
        }
      }
    },
    subscribe(matches, onReady) {
      const leave = limits.seats.take();
      const member = { matches, queue: new BoundedQueue<string>(limits, onReady) };
      members.add(member);
      return {
        take(eventsMax, bytesMax) {
          const taken = member.queue.take(eventsMax, bytesMax);
          if (taken === null) return null;
          return 'items' in taken ? { type: 'events', events: taken.items } : { type: 'gap', ...taken.gap };
        },
        close() {
          members.delete(member);
          leave();
        },
      };
    },
    get subscribers() {
      return members.size;
    },
    get published() {
      return published;
    },
    get dropped() {
      return dropped;
    },
  };
}

function queuedOf(event: HubEvent) {
  const item = JSON.stringify(event);
  return { item, time: event.time, bytes: item.length };
}
