import type { Principal } from '../access/principal.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { InboundMessage } from './inbound-message.ts';

/** One value, or a whole message (`point` null), that was not taken, and why. */
export interface Rejection {
  readonly code: string;
  /** The step that refused it. */
  readonly step: string;
  readonly reason: string;
  readonly point: string | null;
}

/** What became of a message. Everything counted as accepted is on disk. */
export interface Outcome {
  readonly accepted: number;
  /** At most 100 of them. */
  readonly rejected: readonly Rejection[];
  readonly rejectedCount: number;
  /** The hub had this message already; `rejected` is empty then. */
  readonly repeated?: boolean;
  /** What goes back to the connection that asked, on the topic with `/result` behind it, and to nobody else: it may hold a secret. */
  readonly reply?: Uint8Array;
}

/** Who is told what became of a message: one of the two, once, after `accept` has returned. */
export interface AnswerReceiver {
  taken(outcome: Outcome): void;
  /** With what `accept` would have rejected with. */
  notTaken(error: unknown): void;
}

/** The spine, as protocol adapters see it. */
export interface Ingest {
  /**
   * Resolves when the message's samples and rejections are on disk: only then may the adapter acknowledge.
   * Rejects with MusterError `overloaded`, `rate_limited`, `disk_full`, `storage_failed`, `not_found` or `stopping`, and with `idempotency_key_reused`
   * for a message whose `origin.onePayload` holds: it must not acknowledge. `details.retryAfterMs` says when to try again, where that is known.
   */
  accept(message: InboundMessage): Promise<Outcome>;
  /** null: the receiver will be told, with no promise made. Thousands of messages wait for the disk at once, and this is the way of nearly all of them. */
  accept(message: InboundMessage, receiver: AnswerReceiver): Promise<Outcome> | null;
  /**
   * null: go on. Otherwise the disk or the sample store is behind: adapters stop reading their sockets until it resolves, so that
   * senders slow down by themselves before anything must be refused.
   */
  pressure(): Promise<void> | null;
  /**
   * How long, in ms, a message about this device is to be left unread because of its rate; 0: read it. For adapters whose only refusal is to cut the
   * connection. Asked once for each wait: it is counted. What would take longer than senders are held back is 0, too: `accept` refuses it.
   */
  heldBackMs(device: DeviceEntry, principal: Principal, now: number): number;
}
