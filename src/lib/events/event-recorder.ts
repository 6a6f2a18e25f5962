import type { HubEvent } from '../domain/event.ts';

export type NewEvent = Omit<HubEvent, 'id' | 'recordedAt'>;

/** Takes events that are not part of a transaction of their own, such as connections, and writes them in batches, soon. */
export interface EventRecorder {
  /** Gives it its id, and queues it. Never throws and never waits: beyond limits.events-waiting it is dropped and counted. */
  record(event: NewEvent): void;
  /** An event with its id, for those who commit it themselves and publish it then. */
  complete(event: NewEvent): HubEvent;
  readonly waiting: number;
  readonly dropped: number;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}
