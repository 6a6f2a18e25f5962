import type { AlarmId, ChannelId, EventId, ProjectId, RouteId } from './ids.ts';
import type { Severity } from './severity.ts';
import type { JsonValue } from './value.ts';

/** Why somebody is told. */
export const NOTIFY_CAUSES = ['raised', 'worse', 'repeated', 'cleared'] as const;
export type NotifyCause = (typeof NOTIFY_CAUSES)[number];

/** A way to tell somebody: one configured instance of a kind of channel. Secrets are in `config`, and are never shown. */
export interface Channel {
  readonly id: ChannelId;
  readonly project: ProjectId;
  /** Name in the registry of channels: webhook, email. */
  readonly kind: string;
  readonly enabled: boolean;
  readonly config: { readonly [name: string]: JsonValue };
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Which alarms go to which channels, and when. Every route that matches is taken. */
export interface Route {
  readonly id: RouteId;
  readonly project: ProjectId;
  readonly enabled: boolean;
  readonly channels: readonly ChannelId[];
  /** The document as the user wrote it (notifications/route-document.ts): matchers, grouping, quiet hours, schedule. */
  readonly document: { readonly [name: string]: JsonValue };
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const DELIVERY_STATES = ['waiting', 'delivered', 'failed', 'dropped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One alarm change on its way to one channel, committed together with that change. */
export interface OutboxEntry {
  /** uuid v7 */
  readonly id: string;
  readonly project: ProjectId;
  readonly channel: ChannelId;
  readonly route: RouteId | null;
  readonly alarm: AlarmId | null;
  /** The event that is told. */
  readonly event: EventId;
  readonly cause: NotifyCause;
  readonly severity: Severity;
  /** Entries of one channel with the same key may be told together; empty: alone. */
  readonly groupKey: string;
  /** Entries that are told together share it: it is the dedupe key on the wire. null: not yet decided. */
  readonly delivery: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** Not before, ms since 1970. */
  readonly dueAt: number;
  readonly createdAt: number;
  readonly settledAt: number | null;
  readonly lastError: string | null;
  /** What the message is made of, as it was at the change. */
  readonly content: { readonly [name: string]: JsonValue };
}
