import type { AlarmRecord } from '../domain/alarm.ts';
import type { Device } from '../domain/device.ts';
import type { HubEvent } from '../domain/event.ts';
import type { NotifyCause, OutboxEntry } from '../domain/notification.ts';

/** From an alarm change to the people who are told. */
export interface Notifier {
  /**
   * The outbox entries of a change, one for each channel of each route that matches, to be committed in its transaction. Looks at routes in memory; sends
   * nothing and waits for nothing. Empty when nobody is told.
   */
  entriesFor(alarm: AlarmRecord, device: Device | null, event: HubEvent, cause: NotifyCause, now: number): readonly OutboxEntry[];
  /** They are on disk: from now on they are sent, at least once. */
  committed(entries: readonly OutboxEntry[]): void;
}
