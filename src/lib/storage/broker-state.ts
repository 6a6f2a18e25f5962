/**
 * What a message broker keeps beyond its connections, as it stands on disk. The broker holds all of it in memory and is
 * its only writer; here are the shapes that it reads at start and the changes that it commits, alone or in one
 * transaction with the samples of a message. Keys are given by the broker and never used twice while something refers to
 * them. Times are ms since 1970.
 */

export interface StoredSession {
  readonly key: number;
  /** Unique on the hub: the client identifier inside its principal's room. */
  readonly id: string;
  /** Whose it is, as the protocol writes it (JSON). */
  readonly principal: string;
  /** Session Expiry Interval in seconds; Infinity never ends. Stored sessions outlive their connection, so it is above 0. */
  readonly expirySeconds: number;
  /** When the client left; null while it is connected (or was, when the hub ended). */
  readonly leftAt: number | null;
}

export interface StoredSubscription {
  readonly session: number;
  /** With `$share/<name>/` in front if it is shared. */
  readonly filter: string;
  /** Subscription Options as in the byte of SUBSCRIBE (MQTT 5 section 3.8.3.1). */
  readonly options: number;
  /** Subscription Identifier; null without one. */
  readonly identifier: number | null;
}

/** A message once, however many sessions wait for it. */
export interface StoredMessage {
  readonly key: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** PUBLISH properties as on the wire of MQTT 5, without topic alias, subscription identifiers and message expiry; null without any. */
  readonly properties: Uint8Array | null;
  /** Session id of the sender, for No Local; null when nobody's. */
  readonly sender: string | null;
  readonly arrivedAt: number;
  /** Message Expiry; null never. */
  readonly expiresAt: number | null;
}

/** A message in the queue of a session, in the order of `sequence`. */
export interface StoredDelivery {
  readonly session: number;
  readonly sequence: number;
  readonly message: number;
  /** Of the delivery: the lower of the message's and the subscription's. */
  readonly qos: 1 | 2;
  /** RETAIN as it is to be sent. */
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** Under which it went out; null while it waits. */
  readonly packetId: number | null;
  /** QoS 2: the client has it (PUBREC); what is left is PUBREL. */
  readonly released: boolean;
}

export interface StoredWill {
  /** Session id; of sessions that end with their connection, too. */
  readonly session: string;
  readonly principal: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly properties: Uint8Array | null;
  readonly messageExpirySeconds: number | null;
  readonly delaySeconds: number;
  /** When it is to be sent; null while the client is connected (or was, when the hub ended). */
  readonly dueAt: number | null;
}

/** One change. Put means insert or replace; removing what is not there changes nothing; removing a session takes all that is its own along. */
export type BrokerChange =
  | { readonly kind: 'put-session'; readonly session: StoredSession }
  | { readonly kind: 'remove-session'; readonly session: number }
  | { readonly kind: 'put-subscription'; readonly subscription: StoredSubscription }
  | { readonly kind: 'remove-subscription'; readonly session: number; readonly filter: string }
  | { readonly kind: 'put-message'; readonly message: StoredMessage }
  | { readonly kind: 'remove-message'; readonly message: number }
  | { readonly kind: 'put-delivery'; readonly delivery: StoredDelivery }
  | { readonly kind: 'remove-delivery'; readonly session: number; readonly sequence: number }
  /** A QoS 2 message that was taken from the client, until its PUBREL. */
  | { readonly kind: 'put-incoming'; readonly session: number; readonly packetId: number }
  | { readonly kind: 'remove-incoming'; readonly session: number; readonly packetId: number }
  /** The newest retained message of a topic; its key is its own. */
  | { readonly kind: 'put-retained'; readonly message: StoredMessage }
  | { readonly kind: 'remove-retained'; readonly topic: string }
  | { readonly kind: 'put-will'; readonly will: StoredWill }
  | { readonly kind: 'remove-will'; readonly session: string };

/** All of it, as found at start. Deliveries by session and sequence. */
export interface StoredBroker {
  readonly sessions: readonly StoredSession[];
  readonly subscriptions: readonly StoredSubscription[];
  readonly messages: readonly StoredMessage[];
  readonly deliveries: readonly StoredDelivery[];
  readonly incoming: readonly { readonly session: number; readonly packetId: number }[];
  readonly retained: readonly StoredMessage[];
  readonly wills: readonly StoredWill[];
}

export interface BrokerStorage {
  /**
   * At start, before the first commit. What is damaged, or belongs to nothing (a delivery without its message or session, a message
   * that no session waits for), is left out, counted, logged and removed.
   */
  load(): Promise<StoredBroker>;
  /**
   * Resolves once the changes are on disk; those of one call are all there or none. Changes are written in the order of
   * the calls, and in order with those that travel with messages, if both go through the same group commit (ingest/group-commit.ts).
   * Rejects with MusterError `storage_failed` or `overloaded`; then they may be on disk or not (the disk failed half-way): whoever
   * must have them there gives them again.
   */
  commit(changes: readonly BrokerChange[]): Promise<void>;
}
