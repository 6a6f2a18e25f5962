import type { Notification } from '../channels/channel.ts';
import type { OutboxEntry } from '../domain/notification.ts';
import { composeNotification } from './compose-notification.ts';

/** Entries that are told together, on their way to one channel. Its id is on disk before the first attempt. */
export interface Delivery {
  readonly id: string;
  readonly entries: readonly OutboxEntry[];
  /** Made for each attempt: the same every time, and too large to be kept of all that wait. */
  notification(): Notification;
  attempts: number;
  /** Not before, ms since 1970. */
  dueAt: number;
  /** The first attempt of this run of the hub; null: there was none. */
  startedAt: number | null;
  /** From when on it has been tried, also before a restart. */
  readonly since: number;
  settled: boolean;
  lastError: string | null;
  /** Deliveries that tell of the same alarm and came later: they wait for this one. */
  readonly followers: Delivery[];
}

export function createDelivery(id: string, entries: readonly OutboxEntry[], since: number): Delivery {
  const attempts = entries.reduce((most, entry) => Math.max(most, entry.attempts), 0);
  const dueAt = entries.reduce((latest, entry) => Math.max(latest, entry.dueAt), 0);
  const lastError = entries.find((entry) => entry.lastError !== null)?.lastError ?? null;
  return {
    id,
    entries,
    notification: () => composeNotification(id, entries),
    attempts,
    dueAt,
    startedAt: null,
    since,
    settled: false,
    lastError,
    followers: [],
  };
}

/** When an id was made: the first 48 bits of a uuid v7 (RFC 9562) are ms since 1970. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
