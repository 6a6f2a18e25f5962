import type { HubEvent } from '../domain/event.ts';

/** Which events are meant; the project is one of them. */
export type EventMatcher = (event: HubEvent) => boolean;

export type LiveEventMessage =
  | { readonly type: 'events'; readonly events: readonly HubEvent[] }
  | { readonly type: 'gap'; readonly dropped: number; readonly from: number; readonly to: number };

export interface EventSubscription {
  take(eventsMax: number): LiveEventMessage | null;
  close(): void;
}

/** Committed events to those who watch: each has its own bounded queue. A slow one loses events, is told how many, and slows nobody else. */
export interface EventStream {
  publish(events: readonly HubEvent[]): void;
  subscribe(matches: EventMatcher, onReady: () => void): EventSubscription;
  readonly subscribers: number;
  readonly dropped: number;
}
